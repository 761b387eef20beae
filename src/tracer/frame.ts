/**
 * The stack of programs under construction, and `bind`, through which every operation goes. The innermost frame records
 * it; with no frame open the evaluator that the execution layer installed runs it at once.
 */
import { fail, internal, isTileworkError, type Label, TileworkError } from "../diagnostics/error.js";
import { currentSpan, printSpan, type Span, type SpanRef } from "../diagnostics/span.js";
import { type Aval, printAval } from "../ir/aval.js";
import { Builder } from "../ir/builder.js";
import { castScalar, type DType, type TypedArray } from "../ir/dtype.js";
import type { Params, Prim } from "../ir/ops/index.js";
import { type AnyEqn, type Atom, isVar, type Literal, literal, nameAtom, type Program, Var } from "../ir/program.js";
import { constantName, noteConstant } from "./naming.js";
import { runProgram } from "./run.js";
import { describeValue } from "./describe.js";
import { type Cell, isTensor, type Source, Tensor } from "./tensor.js";

export type Operand = Tensor | Literal;

/** Runs programs on concrete arrays; installed by the execution layer (an editor installs none). */
export interface Evaluator {
  /** One equation, from the kernel cache. */
  evaluate(eqn: Pick<AnyEqn, "prim" | "params" | "span">, inputs: readonly (Cell | Literal)[]): readonly Cell[];
  /** Does `evaluate` for operands of these types, again and again; undefined for what cannot be prepared. */
  prepare?(
    eqn: Pick<AnyEqn, "prim" | "params" | "span">,
    inputs: readonly (Cell | Literal)[],
  ): ((inputs: readonly (Cell | Literal)[]) => readonly Cell[]) | undefined;
  constant(value: number | bigint | boolean, aval: Aval): Cell;
  /** A new array from elements as stored. */
  upload(elements: TypedArray, aval: Aval): Cell;
}

let evaluator: Evaluator | undefined;
export function setEvaluator(e: Evaluator): void {
  evaluator = e;
}
export function currentEvaluator(): Evaluator {
  return evaluator ?? internal("no evaluator is installed");
}

export interface NamedAxis {
  readonly name: string;
  readonly size: number;
}

/** What a traced function is being traced for; errors name it. */
export type FrameKind = "jit" | "grad" | "jvp" | "vmap" | "control" | "custom" | "shape" | "kernel";

/** One program under construction. */
export class Frame {
  readonly builder = new Builder();
  /** Outer values that the function closes over, in order of first use; they become the program's first inputs. */
  readonly captures: Tensor[] = [];
  readonly captureVars: Var[] = [];
  closed = false;
  /** How the user's function calls its arguments' leaves ("params.w"), when that is known. */
  argumentName: ((input: number) => string | undefined) | undefined;
  /** The equations of the finished program: they tell where a value that escaped was made. */
  recorded: readonly AnyEqn[] | undefined;
  readonly #lifted = new Map<unknown, Var>();
  /** Known values of variables, for frames whose arguments are concrete. */
  readonly #known = new Map<Var, Cell>();
  readonly #done = new Set<AnyEqn>();
  #definitions: Map<Var, AnyEqn> | undefined;
  #defined = 0;

  constructor(
    readonly kind: FrameKind,
    readonly name: string,
    /** For frames of grad and jvp: what the arguments are outside, so that a value can be computed on demand. */
    readonly args: readonly Tensor[] | undefined,
    readonly axis: NamedAxis | undefined,
    /** Whether equations record where they were written. Left out: as the frame around; what outlives it does. */
    places?: boolean,
  ) {
    this.places = places ?? (kind === "jit" || kind === "custom" || (currentFrame()?.places ?? true));
  }
  readonly places: boolean;

  argument(aval: Aval, name?: string): Tensor {
    return new Tensor(new TracedSource(this, this.builder.input(aval, name)));
  }

  wrap(atom: Atom): Tensor {
    return new Tensor(new TracedSource(this, atom));
  }

  /** The atom by which this frame's program knows an operand; values of outer frames and arrays become captures. */
  atom(x: Operand): Atom {
    if (!(x instanceof Tensor)) return x;
    const source = Tensor.source(x);
    if (source instanceof TracedSource) {
      if (source.frame === this) return source.atom;
      if (source.frame.closed && !stack.some((f) => f.#lifted.has(source.atom))) leak(source);
      if (!isVar(source.atom)) return source.atom;
    } else if ((source as Cell).disposed) {
      source.cell("an operation");
    }
    const key = source instanceof TracedSource ? source.atom : source;
    return this.#lifted.get(key) ?? this.#lift(key, x);
  }

  #lift(key: unknown, x: Tensor): Var {
    const n = this.builder.inputs.length;
    const v = this.builder.input(x.aval, key instanceof Var ? key.name : constantName(key));
    this.builder.inputs.length = n;
    this.captures.push(x);
    this.captureVars.push(v);
    this.#lifted.set(key, v);
    return v;
  }

  /** Makes a value a capture before it is used. */
  adopt(x: Tensor): void {
    const source = Tensor.source(x);
    this.#lift(source instanceof TracedSource ? source.atom : source, x);
  }

  /** The value of a variable, computing what it depends on; undefined when an argument has no value (under jit or vmap). */
  known(v: Var): Cell | undefined {
    const known = this.#known.get(v);
    if (known) return known;
    if (
      this.kind === "jit" ||
      this.kind === "vmap" ||
      this.kind === "control" ||
      this.kind === "custom" ||
      this.kind === "shape" ||
      this.kind === "kernel"
    ) {
      return undefined;
    }
    const capture = this.captureVars.indexOf(v);
    const argument = this.builder.inputs.indexOf(v);
    const outer = capture >= 0 ? this.captures[capture] : argument >= 0 ? this.args?.[argument] : undefined;
    if (capture >= 0 || argument >= 0) {
      const cell = outer && cellIfKnown(outer);
      if (cell) this.#known.set(v, cell);
      return cell;
    }
    const eqn = this.#definition(v);
    const inputs: (Cell | Literal)[] = [];
    for (const a of eqn.inputs) {
      const cell = isVar(a) ? this.known(a) : a;
      if (!cell) return undefined;
      inputs.push(cell);
    }
    if (eqn.effects.length > 0) this.#done.add(eqn);
    const outputs = currentEvaluator().evaluate(eqn, inputs);
    eqn.outputs.forEach((o, i) => this.#known.set(o, outputs[i]));
    return this.#known.get(v);
  }

  /** Runs the effects recorded so far, once, in order: what a user who looks at a number expects to have happened. */
  flushEffects(): void {
    for (const eqn of this.builder.eqns) {
      if (eqn.effects.length === 0 || this.#done.has(eqn)) continue;
      const inputs = eqn.inputs.map((a) => (isVar(a) ? this.known(a) : a));
      if (inputs.includes(undefined)) continue;
      this.#done.add(eqn);
      const outputs = currentEvaluator().evaluate(eqn, inputs as (Cell | Literal)[]);
      eqn.outputs.forEach((o, i) => this.#known.set(o, outputs[i]));
    }
  }

  #definition(v: Var): AnyEqn {
    this.#definitions ??= new Map();
    const eqns = this.builder.eqns;
    for (; this.#defined < eqns.length; this.#defined++) {
      for (const o of eqns[this.#defined].outputs) this.#definitions.set(o, eqns[this.#defined]);
    }
    return this.#definitions.get(v) ?? internal("a variable without a definition");
  }

  /** Closes the frame. The program's inputs are the captures, then the arguments. */
  finish(outputs: readonly Tensor[]): Program<"core"> {
    const atoms = outputs.map((x) => this.atom(x));
    // effects that have already happened (a number was asked for) must not happen again; their results are known
    for (const eqn of this.#done) {
      for (const o of eqn.outputs) {
        const cell = this.#known.get(o);
        if (!cell) internal("an executed effect without results");
        this.captures.push(new Tensor(cell));
        this.captureVars.push(o);
      }
    }
    const eqns = this.builder.eqns.filter((e) => !this.#done.has(e));
    this.recorded = eqns;
    this.builder.eqns.length = 0;
    const b = new Builder();
    b.inputs.push(...this.captureVars, ...this.builder.inputs);
    b.eqns.push(...eqns);
    return b.finish(atoms, this.name);
  }
}

/** A variable or literal of a program under construction. */
export class TracedSource implements Source {
  readonly traced = true;
  constructor(
    readonly frame: Frame,
    readonly atom: Atom,
  ) {}
  get aval(): Aval {
    return this.atom.aval;
  }
  cell(why: string): Cell {
    if (this.frame.closed) leak(this);
    if (!isVar(this.atom)) return currentEvaluator().constant(this.atom.value, this.atom.aval);
    const cell = this.frame.known(this.atom);
    if (cell) {
      // those of outer functions came first; under jit and vmap nothing happens before the program runs
      for (const frame of stack) {
        if (frame.kind !== "grad" && frame.kind !== "jvp") break;
        frame.flushEffects();
      }
      return cell;
    }
    return fail(
      "TW1001",
      `${why} asked for the value of ${printAval(this.aval)}, which is traced by ${describe(this.frame)}`,
      {
        help:
          "a value under jit or vmap is known only when the program runs: return it, use np.where, cond or whileLoop for " +
          "decisions, debug.print to look at it, mark the argument static (staticArgnums), or capture the source (tilework/plugin, " +
          "tilework/register)",
        notes: originNote(this),
      },
    );
  }
}

/** Calls a traced value by the name of the variable that holds it. */
export function nameTensor(value: unknown, name: string): void {
  if (!(value instanceof Tensor)) return;
  const source = Tensor.source(value);
  if (source instanceof TracedSource) nameAtom(source.atom, name);
}

/** An array by the name of the variable outside of the function that holds it. */
export function nameConstant(x: Tensor, name: string): void {
  const source = Tensor.source(x);
  if (!(source instanceof TracedSource)) noteConstant(source, name);
}

function originNote(source: TracedSource): string[] {
  const eqn = definitionOf(source.frame, source.atom);
  const span = eqn?.span?.resolve();
  if (eqn) return span ? [`it was made by ${eqn.prim} at ${printSpan(span)}`] : [];
  const argument = argumentOf(source);
  return argument ? [`it is ${argument}`] : [];
}

function definitionOf(frame: Frame, atom: Atom): AnyEqn | undefined {
  const eqns = frame.recorded ?? frame.builder.eqns;
  return eqns.find((e) => e.outputs.some((o) => o === atom));
}

/** For an argument of the traced function: "an argument of f". */
function argumentOf({ frame, atom }: TracedSource): string | undefined {
  const at = frame.builder.inputs.findIndex((v) => v === atom);
  if (at < 0) return undefined;
  const name = frame.argumentName?.(at);
  return `an argument of ${frame.name || "the function"}${name ? ` (${name})` : ""}`;
}

/**
 * Where operands came from, for errors about several of them: labels at the lines that made them, and notes for arguments.
 * What was made by the failing call itself (a conversion, a broadcast) is followed back to what the user gave.
 */
export function whereFrom(operands: readonly Operand[], culprit?: Span): { labels: Label[]; notes: string[] } {
  const labels: Label[] = [];
  const notes: string[] = [];
  const here = culprit ?? currentSpan().resolve();
  const same = (a: Span | undefined, b: Span | undefined): boolean =>
    a !== undefined && b !== undefined && printSpan(a) === printSpan(b);
  for (const x of operands) {
    if (!(x instanceof Tensor)) continue;
    const source = Tensor.source(x);
    if (!(source instanceof TracedSource) || !isVar(source.atom)) continue;
    let at: TracedSource = source;
    for (;;) {
      const eqn = definitionOf(at.frame, at.atom);
      const span = eqn?.span?.resolve();
      if (eqn && same(span, here) && eqn.inputs.length > 0 && isVar(eqn.inputs[0])) {
        const known = at.frame.captureVars.indexOf(eqn.inputs[0]);
        const outer = known < 0 ? undefined : Tensor.source(at.frame.captures[known]);
        if (outer && !(outer instanceof TracedSource)) break;
        at = outer ?? new TracedSource(at.frame, eqn.inputs[0]);
        continue;
      }
      const argument = eqn ? undefined : argumentOf(at);
      if (span && !same(span, here)) labels.push({ span, text: `${printAval(at.aval)} is made here` });
      else if (argument) notes.push(`${printAval(at.aval)} is ${argument}`);
      break;
    }
  }
  return { labels, notes: [...new Set(notes)] };
}

/** An error about an operation's operands also tells where they came from. */
function withOrigins(e: unknown, operands: readonly Operand[]): unknown {
  if (!isTileworkError(e) || !e.code.startsWith("TW2") || e.diagnostic.labels) return e;
  const { labels, notes } = whereFrom(operands, e.diagnostic.span);
  if (labels.length + notes.length === 0) return e;
  return new TileworkError({ ...e.diagnostic, labels, notes: [...(e.diagnostic.notes ?? []), ...notes] });
}

function describe(frame: Frame): string {
  return frame.name === "" || frame.name === "main" ? frame.kind : `${frame.kind}(${frame.name})`;
}

function leak(source: TracedSource): never {
  return fail(
    "TW1002",
    `a traced ${printAval(source.aval)} outlived ${describe(source.frame)}: it was stored outside and used after the trace had ended`,
    {
      help: "return the value from the function (more results: return an object or a list) instead of assigning it to an outer variable",
      notes: originNote(source),
    },
  );
}

/** The memory of a tensor when it is concrete or can be computed. */
export function cellIfKnown(t: Tensor): Cell | undefined {
  const source = Tensor.source(t);
  if (!(source instanceof TracedSource)) return source as Cell;
  if (source.frame.closed) leak(source);
  return isVar(source.atom)
    ? source.frame.known(source.atom)
    : currentEvaluator().constant(source.atom.value, source.aval);
}

const stack: Frame[] = [];

/** The innermost program under construction. */
export function currentFrame(): Frame | undefined {
  return stack[stack.length - 1];
}
export function isTracing(): boolean {
  return stack.length > 0;
}

/** The size of a named axis in scope, or TW3007. */
export function axisSize(name: string): number {
  for (let i = stack.length - 1; i >= 0; i--) {
    const axis = stack[i].axis;
    if (axis?.name === name) return axis.size;
  }
  const known = axisNames();
  return fail("TW3007", `the axis name ${JSON.stringify(name)} is not bound here`, {
    help: `call the function under vmap(f, { axisName: ${JSON.stringify(name)} })${known.length ? `; bound are ${known.join(", ")}` : ""}`,
  });
}
/** Named axes in scope, outermost first. */
export function axisEnvironment(): readonly NamedAxis[] {
  return stack.flatMap((f) => (f.axis ? [f.axis] : []));
}
function axisNames(): string[] {
  return axisEnvironment().map((a) => a.name);
}

/** Opens a frame, runs `f` in it and closes it, whatever happens. */
export function withFrame<R>(frame: Frame, f: () => R): R {
  stack.push(frame);
  try {
    return f();
  } finally {
    frame.closed = true;
    stack.pop();
  }
}

/** Runs `f` as if nothing were traced: what it computes is computed at once, and is no part of the program. */
export function outsideFrames<R>(f: () => R): R {
  const open = stack.splice(0);
  try {
    return f();
  } finally {
    stack.push(...open);
  }
}

/** An operand that is no tensor must be a literal: from JavaScript anything may come. */
function literalOperand(prim: string, x: Literal): Literal {
  if (typeof x === "object" && x !== null && "kind" in x && !isTensor(x)) return x;
  return fail("TW1003", `${prim}: an operand is ${describeValue(x)}, not an array`, {});
}

/** Applies a primitive: recorded in the innermost frame, or run at once. */
export function bind<P extends Prim>(prim: P, inputs: readonly Operand[], params: Params<P>, span?: SpanRef): Tensor[] {
  const frame = currentFrame();
  if (frame) {
    const atoms = inputs.map((x) => frame.atom(x instanceof Tensor ? x : literalOperand(prim, x)));
    try {
      const outputs = frame.builder.emit(prim, atoms, params, span ?? (frame.places ? currentSpan() : undefined));
      return outputs.map((v) => frame.wrap(v));
    } catch (e) {
      throw withOrigins(e, inputs);
    }
  }
  const cells = inputs.map((x) => (x instanceof Tensor ? Tensor.source(x).cell(prim) : literalOperand(prim, x)));
  // no span: what fails now, fails where the user stands
  const eqn = { prim, params, span } as unknown as Pick<AnyEqn, "prim" | "params" | "span">;
  return currentEvaluator()
    .evaluate(eqn, cells)
    .map((c) => new Tensor(c));
}

/** `bind` for primitives with one result. */
export function bind1<P extends Prim>(prim: P, inputs: readonly Operand[], params: Params<P>): Tensor {
  return bind(prim, inputs, params)[0];
}

/** A scalar; in a program it is a literal. `weak` marks what a JavaScript number became. */
export function scalar(value: number | bigint | boolean, dtype: DType, weak = false): Tensor {
  const aval: Aval = weak ? { shape: [], dtype, weak: true } : { shape: [], dtype };
  const v = castScalar(value, dtype);
  const frame = currentFrame();
  return frame ? frame.wrap(literal(v, aval)) : new Tensor(currentEvaluator().constant(v, aval));
}
/** A concrete array from elements as stored; inside a traced function it becomes one of its captures. */
export function fromElements(elements: TypedArray, shape: readonly number[], dtype: DType): Tensor {
  return new Tensor(currentEvaluator().upload(elements, { shape, dtype }));
}
/** Runs or inlines a program on tensors: into the innermost frame, or equation by equation. */
export function applyProgram(program: Program<"core">, args: readonly Tensor[]): Tensor[] {
  const frame = currentFrame();
  if (frame) {
    return frame.builder
      .inline(
        program,
        args.map((x) => frame.atom(x)),
      )
      .map((a) => frame.wrap(a));
  }
  return runProgram(currentEvaluator(), program, args);
}
