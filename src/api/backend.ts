/** The process's CPU device: one heap, a cache of compiled equations for eager work, and the evaluator that `bind` calls. */
import { fail, internal } from "../diagnostics/error.js";
import { printSpan } from "../diagnostics/span.js";
import { type Aval, printAval, sizeOf } from "../ir/aval.js";
import { Builder } from "../ir/builder.js";
import { isFloat, STORAGE, type TypedArray, toBf16Bits, toF16Bits } from "../ir/dtype.js";
import { avalKey, paramsKey, programKey } from "../ir/key.js";
import { type AnyEqn, type Atom, type Literal, type Program, isVar } from "../ir/program.js";
import { callee } from "../ir/rewrite.js";
import { type Executable, makeExecutable, Workspace } from "../jit/execute.js";
import { makeCensus } from "../runtime/census.js";
import { ArrayCell, Heap } from "../runtime/heap.js";
import { type Evaluator, setEvaluator } from "../tracer/frame.js";
import { type Cell, Tensor } from "../tracer/tensor.js";
import { LruMap, range } from "../util/index.js";
import { config } from "./config.js";
import { canShare, makePool, threadNote } from "./threads.js";

class Backend implements Evaluator {
  #heap: Heap | undefined;
  #workspace: Workspace | undefined;
  readonly #eager = new LruMap<string, Executable>(4096);

  /** Made when first needed: importing Tilework allocates nothing. */
  get heap(): Heap {
    this.#heap ??= new Heap({
      ...(config.memoryLimit ? { hardLimit: config.memoryLimit } : {}),
      ...(config.spillLimit ? { softLimit: config.spillLimit } : {}),
      shared: canShare(),
      census: makeCensus(config.v8),
    });
    return this.#heap;
  }
  get workspace(): Workspace {
    this.#workspace ??= new Workspace(this.heap, makePool(this.heap));
    return this.#workspace;
  }
  /** How many threads there are, for people. */
  threadNote(): string {
    return threadNote(this.workspace.pool);
  }
  get started(): boolean {
    return this.#heap !== undefined;
  }

  evaluate(eqn: Pick<AnyEqn, "prim" | "params" | "span">, inputs: readonly (Cell | Literal)[]): readonly Cell[] {
    // a call is what it calls: derivative rules, which may be other functions at each call, are no part of the key
    const { program, args: operands } = callee(eqn as AnyEqn, inputs) ?? { program: undefined, args: inputs };
    const cells = new Array<ArrayCell>(operands.length);
    let key = program ? programKey(program) : `${eqn.prim} ${paramsKey(eqn.params, programKey)}`;
    let constants = 0;
    try {
      for (let i = 0; i < cells.length; i++) {
        const x = operands[i];
        if ("kind" in x) constants++;
        cells[i] = "kind" in x ? this.constant(x.value, x.aval) : this.own(x);
        key += ` ${avalKey(cells[i].aval)}`;
      }
      return this.#evaluate(eqn, program, key, cells);
    } finally {
      if (constants > 0) for (let i = 0; i < cells.length; i++) if ("kind" in operands[i]) cells[i]?.dispose();
    }
  }

  prepare(
    eqn: Pick<AnyEqn, "prim" | "params" | "span">,
    inputs: readonly (Cell | Literal)[],
  ): ((inputs: readonly (Cell | Literal)[]) => readonly ArrayCell[]) | undefined {
    if (eqn.prim === "debug_callback") return undefined;
    const program = callee(eqn as AnyEqn, inputs)?.program;
    const order = program && callee(eqn as AnyEqn, range(inputs.length))?.args;
    const { length } = order ?? inputs;
    let key = program ? programKey(program) : `${eqn.prim} ${paramsKey(eqn.params, programKey)}`;
    for (let i = 0; i < length; i++) key += ` ${avalKey(inputs[order ? order[i] : i].aval)}`;
    let executable: Executable | undefined;
    return (given) => {
      const cells = new Array<ArrayCell>(length);
      const constants: ArrayCell[] = [];
      try {
        for (let i = 0; i < length; i++) {
          const x = given[order ? order[i] : i];
          if ("kind" in x) constants.push((cells[i] = this.constant(x.value, x.aval)));
          else cells[i] = this.own(x);
        }
        executable ??= this.#executable(eqn, program, key, cells);
        const outputs = executable.run(cells);
        if (config.debugNans) checkNans(eqn, cells, outputs, program);
        return outputs;
      } finally {
        for (const c of constants) c.dispose();
      }
    };
  }

  #executable(
    eqn: Pick<AnyEqn, "prim" | "params" | "span">,
    called: Program<"core"> | undefined,
    key: string,
    cells: readonly ArrayCell[],
  ): Executable {
    let executable = this.#eager.get(key);
    if (!executable) {
      const program = called ?? equationProgram(eqn, cells);
      executable = makeExecutable(program, this.workspace);
      // callbacks are mostly new functions at each call
      if (program.effects.length === 0) this.#eager.set(key, executable);
    }
    return executable;
  }

  #evaluate(
    eqn: Pick<AnyEqn, "prim" | "params" | "span">,
    called: Program<"core"> | undefined,
    key: string,
    cells: readonly ArrayCell[],
  ): readonly ArrayCell[] {
    const outputs = this.#executable(eqn, called, key, cells).run(cells);
    if (config.debugNans) checkNans(eqn, cells, outputs, called);
    return outputs;
  }

  constant(value: number | bigint | boolean, a: Aval): ArrayCell {
    const cell = this.heap.allocate(a);
    const word = new STORAGE[a.dtype](this.heap.buffer, cell.address, 1);
    word[0] = (
      a.dtype === "f16"
        ? toF16Bits(Number(value))
        : a.dtype === "bf16"
          ? toBf16Bits(Number(value))
          : typeof value === "boolean"
            ? Number(value)
            : value
    ) as never;
    return cell;
  }

  upload(elements: TypedArray, a: Aval): ArrayCell {
    if (elements.length !== sizeOf(a)) internal(`upload of ${elements.length} elements as ${printAval(a)}`);
    this.heap.prepare();
    const cell = this.heap.allocate(a);
    new STORAGE[a.dtype](this.heap.buffer, cell.address, elements.length).set(elements as never);
    return cell;
  }

  run(executable: Executable, inputs: readonly Cell[], sizes?: readonly number[]): Tensor[] {
    const own = inputs.map((c) => this.own(c));
    return executable.run(own, sizes).map((c) => new Tensor(c));
  }
  own(c: Cell): ArrayCell {
    return c instanceof ArrayCell ? c : internal("a cell of another backend");
  }
}

function equationProgram(eqn: Pick<AnyEqn, "prim" | "params" | "span">, inputs: readonly Cell[]): Program<"core"> {
  const b = new Builder();
  const vars = inputs.map((c) => b.input(c.aval));
  // `never`: the pair of primitive and parameters was matched when the equation was made
  return b.finish(b.emit(eqn.prim, vars, eqn.params as never, eqn.span), eqn.prim);
}

/** TW4002 when an operation makes a NaN out of numbers; in a program that it calls, the operation there. */
function checkNans(
  eqn: Pick<AnyEqn, "prim" | "span">,
  inputs: readonly ArrayCell[],
  outputs: readonly ArrayCell[],
  called: Program<"core"> | undefined,
): void {
  // no user gets those of a step that is only checked, or that fails
  for (const c of outputs) c.watch();
  if (!outputs.some(hasNan)) return;
  if (called) runCheckingNans(called, inputs);
  const where = eqn.span?.resolve();
  fail(
    "TW4002",
    `${eqn.prim} produced a NaN${where ? ` at ${printSpan(where)}` : ""} from ${inputs.map((c) => printAval(c.aval)).join(", ") || "no operands"}`,
    {
      span: where,
      help: inputs.some(hasNan)
        ? "one of its operands held a NaN already"
        : "look at its operands: a division 0/0, log or sqrt of a negative number, or inf - inf",
    },
  );
}

/** Equation by equation: the evaluator checks each result, and throws with the equation's span. */
export function runCheckingNans(program: Program<"core">, inputs: readonly ArrayCell[]): void {
  const env = new Map<Atom, ArrayCell>();
  program.inputs.forEach((v, i) => env.set(v, inputs[i]));
  for (const eqn of program.eqns) {
    if (eqn.prim === "debug_callback") continue;
    const cells = eqn.inputs.map((a) => (isVar(a) ? (env.get(a) as ArrayCell) : backend.constant(a.value, a.aval)));
    for (const c of cells) c.watch();
    const outputs = backend.evaluate(eqn, cells) as ArrayCell[];
    eqn.outputs.forEach((o, i) => env.set(o, outputs[i]));
  }
}

export function hasNan(c: ArrayCell): boolean {
  if (!isFloat(c.aval.dtype)) return false;
  const values = c.read();
  if (c.aval.dtype === "f16") return (values as Uint16Array).some((h) => (h & 0x7c00) === 0x7c00 && (h & 0x3ff) !== 0);
  if (c.aval.dtype === "bf16") return (values as Uint16Array).some((h) => (h & 0x7f80) === 0x7f80 && (h & 0x7f) !== 0);
  return (values as Float32Array).some((x) => x !== x);
}

export const backend = new Backend();
setEvaluator(backend);
