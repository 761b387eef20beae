/** How a statement ends: it runs on, or jumps; or the run decides. */
import { internal } from "../../diagnostics/error.js";
import { bind, scalar } from "../../tracer/frame.js";
import type { Tensor } from "../../tracer/tensor.js";
import type { Activation, Target } from "./region.js";
import { DEAD } from "./values.js";

export interface Jump {
  readonly kind: "return" | "break" | "continue";
  /** The call that a return leaves. */
  readonly activation?: Activation;
  /** The loop or switch of break and continue. */
  readonly target?: Target;
  readonly value: unknown;
}

/** `code` says how it ends: 0 runs on, n is the jump `ways[n - 1]`; `value` is what a return among them gives. */
export class Mixed {
  constructor(
    readonly code: Tensor,
    readonly ways: readonly Jump[],
    readonly value: unknown,
    /** The code is never 0. */
    readonly sure = false,
  ) {}
  /** What is known where the code is not 0. */
  get jumped(): Completion {
    const [way] = this.ways;
    return this.ways.length === 1 ? { ...way, value: this.value } : new Mixed(this.code, this.ways, this.value, true);
  }
}

/** undefined: runs on. */
export type Completion = undefined | Jump | Mixed;

export const sameJump = (a: Jump, b: Jump): boolean =>
  a.kind === b.kind && a.activation === b.activation && a.target === b.target;

const equals = (code: Tensor, n: number): Tensor => bind("eq", [code, scalar(n, "i32")], {})[0];

/** `code` with each value replaced by another. */
function recode(code: Tensor, to: readonly number[]): Tensor {
  if (to.every((n, i) => n === i)) return code;
  let out = scalar(to[0], "i32");
  for (let i = 1; i < to.length; i++)
    if (to[i] !== to[0]) out = bind("select", [equals(code, i), scalar(to[i], "i32"), out], {})[0];
  return out;
}

/**
 * The ends of several ways as one. `codes` are what each way gives for the code (called where the way is traced); `results` are
 * the values of returns.
 */
export function joinCompletions(ends: readonly Completion[]): {
  completion: (code: Tensor | undefined, value: unknown) => Completion;
  codes: readonly (number | (() => Tensor))[] | undefined;
  results: readonly unknown[];
} {
  const ways: Jump[] = [];
  const numberOf = (j: Jump): number => {
    let at = ways.findIndex((w) => sameJump(w, j));
    if (at < 0) at = ways.push({ ...j, value: undefined }) - 1;
    return at + 1;
  };
  const codes = ends.map((end): number | (() => Tensor) => {
    if (end === undefined) return 0;
    if (!(end instanceof Mixed)) return numberOf(end);
    const to = [0, ...end.ways.map(numberOf)];
    return () => recode(end.code, to);
  });
  const results = ends.map((end) => (end instanceof Mixed ? end.value : end?.kind === "return" ? end.value : DEAD));
  const sure = ends.every((end) => end !== undefined && (!(end instanceof Mixed) || end.sure));
  const join = (code: Tensor, value: unknown): Completion => {
    const end = new Mixed(code, ways, value, sure);
    return sure && ways.length === 1 ? end.jumped : end;
  };
  const [first] = codes;
  if (typeof first === "number" && codes.every((c) => c === first)) {
    return {
      codes: undefined,
      results,
      completion: (_, value) => (first === 0 ? undefined : { ...ways[first - 1], value }),
    };
  }
  return { codes, results, completion: (code, value) => join(code ?? internal("no code"), value) };
}

/** The end of a loop or switch, whose own jumps end there. */
export function without(end: Completion, drop: (j: Jump) => boolean): Completion {
  if (end === undefined) return undefined;
  if (!(end instanceof Mixed)) return drop(end) ? undefined : end;
  const kept = end.ways.filter((w) => !drop(w));
  if (kept.length === end.ways.length) return end;
  if (kept.length === 0) return undefined;
  const to = [0, ...end.ways.map((w) => kept.indexOf(w) + 1)];
  return new Mixed(recode(end.code, to), kept, end.value);
}

/** Whether nothing has jumped yet. */
export function runsOn(end: Mixed): Tensor {
  return equals(end.code, 0);
}
