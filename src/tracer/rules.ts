/**
 * Tracing the rules of custom derivatives. All rules of a function are traced where it is called, so that they close over the
 * values of that place. A rule that calls its own function would go on for ever: such a call gets rules that are traced when some
 * transform asks for them, with the captures that the rules were found to have.
 */
import { fail } from "../diagnostics/error.js";
import type { LazyProgram } from "../ir/ops/index.js";
import { aval } from "../ir/aval.js";
import { Builder } from "../ir/builder.js";
import { castScalar } from "../ir/dtype.js";
import { type Atom, literal, type Program, Var } from "../ir/program.js";
import { captureKey } from "./control.js";
import { Tensor } from "./tensor.js";
import type { Traced } from "./trace.js";

interface Open {
  /** What the rules close over, as far as it is known. */
  readonly captures: readonly Tensor[];
  reentered: boolean;
}
/** Functions whose rules are being traced. */
const open = new Map<string, Open>();

export type RuleTracer = (adopt?: readonly Tensor[]) => Traced;

/** The rules traced, or, when they are being traced already, what they are known to close over. */
export function traceRules(
  key: string,
  tracers: readonly RuleTracer[],
): { traced: readonly Traced[] } | { traced: undefined; known: readonly Tensor[] } {
  const mine = open.get(key);
  if (mine) {
    mine.reentered = true;
    return { traced: undefined, known: mine.captures };
  }
  const trace = (captures: readonly Tensor[]): { traced: readonly Traced[]; reentered: boolean } => {
    const state: Open = { captures, reentered: false };
    open.set(key, state);
    try {
      return { traced: tracers.map((t) => t()), reentered: state.reentered };
    } finally {
      open.delete(key);
    }
  };
  const first = trace([]);
  const captures = distinct(first.traced.flatMap((t) => t.captures));
  // inner calls must be given what the rules close over, which is known only now
  return first.reentered && captures.length > 0 ? trace(captures) : first;
}

function distinct(tensors: readonly Tensor[]): Tensor[] {
  return [...new Map(tensors.map((t) => [captureKey(t), t])).values()];
}

/** A program without equations that has these captures: makes `shareCaptures` reserve inputs for them. */
export function reserve(captures: readonly Tensor[]): { program: Program<"core">; captures: readonly Tensor[] } {
  const inputs = captures.map((c) => new Var(c.aval));
  return { program: { phase: "core", name: "", inputs, eqns: [], outputs: [], effects: [] }, captures };
}

/** A rule that is traced when it is first asked for, once. Its program takes the captures, then the rule's own inputs. */
export class LateRule implements LazyProgram {
  #program: Program<"core"> | undefined;
  constructor(
    readonly name: string,
    readonly key: string,
    readonly captures: readonly Tensor[],
    readonly trace: RuleTracer,
  ) {}

  get(): Program<"core"> {
    this.#program ??= this.#trace();
    return this.#program;
  }

  #trace(): Program<"core"> {
    const before = open.get(this.key);
    open.set(this.key, { captures: this.captures, reentered: false });
    try {
      const { program, captures } = this.trace(this.captures);
      const made = captures.slice(this.captures.length);
      return made.length === 0 ? program : embed(program, this.captures.length, made, this.name);
    } finally {
      if (before) open.set(this.key, before);
      else open.delete(this.key);
    }
  }
}

/** Arrays that a late rule makes itself have no place among the inputs, which are settled: small ones become constants. */
function embed(program: Program<"core">, at: number, made: readonly Tensor[], name: string): Program<"core"> {
  const b = new Builder();
  const inputs: Atom[] = program.inputs.map((v) => b.input(v.aval, v.name));
  b.inputs.splice(at, made.length);
  made.forEach((x, i) => {
    const source = Tensor.source(x);
    if (source.traced || x.size > 4096 || x.aval.dtype === "key") {
      fail(
        "TW1002",
        `${name}: a rule that calls its own function uses a value of another trace, or makes a large array`,
        {
          help: "make the array outside of the rule, or pass the value as an argument of the function",
        },
      );
    }
    inputs[at + i] = constant(b, x);
  });
  return b.finish(b.inline(program, inputs), program.name);
}

function constant(b: Builder, x: Tensor): Atom {
  const { dtype, shape } = x.aval;
  const elements = [...(x.dataSync() as Iterable<number | bigint>)].map((v) =>
    b.emit1("broadcast_in_dim", [literal(castScalar(dtype === "bool" ? v !== 0 : v, dtype), aval([], dtype))], {
      shape: [1],
      dims: [],
    }),
  );
  if (elements.length === 0) {
    const zero = literal(castScalar(dtype === "i64" || dtype === "u64" ? 0n : 0, dtype), aval([], dtype));
    return b.emit1("broadcast_in_dim", [zero], { shape, dims: [] });
  }
  const flat = elements.length === 1 ? elements[0] : b.emit1("concatenate", elements, { axis: 0 });
  return b.emit1("reshape", [flat], { shape });
}
