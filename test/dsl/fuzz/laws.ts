/** What must hold of a staged function: its values and slopes are those of the same JavaScript on numbers. */
import { array, grad, jit, jvp, numpy as np, type Tensor, TileworkError, vmap } from "tilework";
import { captured } from "../captured.js";
import { type Plain, plain, rounded } from "./plain.js";

export interface Case {
  readonly text: string;
  readonly integer: boolean;
  /** The last argument is JavaScript's number when the function is traced. */
  readonly fixed: boolean;
  /** Reverse mode is for loops with a bound. */
  readonly reverse: boolean;
  readonly points: readonly (readonly number[])[];
}

export interface Verdict {
  /** What is wrong, or undefined. */
  readonly message?: string;
  /** A refusal with a code: it may be right. */
  readonly refused?: string;
  /** Points that JavaScript itself says little about: not finite, or decided by rounding. */
  readonly doubtful: number;
  readonly judged: number;
}

// biome-ignore lint/suspicious/noExplicitAny: transforms of a function that a text describes
type Any = any;
const RELATIVE = 2e-5;

class Wrong extends Error {}

function close(what: string, got: number, want: number, tolerance: number, at: readonly number[]): void {
  if (Object.is(got, want) || Math.abs(got - want) <= tolerance * Math.max(1, Math.abs(want))) return;
  throw new Wrong(`${what}: ${got} for ${want} at ${at.join(", ")}`);
}

interface Point {
  readonly at: readonly number[];
  readonly want: number;
  /** Slopes by differences, where they can be trusted. */
  readonly slopes: readonly (number | undefined)[];
}

/** The points that JavaScript says something clear about. */
function judge(f: Plain, rough: Plain, c: Case): Point[] {
  const out: Point[] = [];
  for (const at of c.points) {
    const value = f(...at);
    const want = Number(value);
    if (value === undefined || !Number.isFinite(want) || Math.abs(want) > (c.integer ? 2 ** 30 : 1e5)) continue;
    if (!c.integer && Math.abs(want - Number(rough(...at))) > RELATIVE * 0.2 * Math.max(1, Math.abs(want))) continue;
    out.push({ at, want, slopes: c.integer ? [] : at.map((_, i) => slope(f, at, i)) });
  }
  return out;
}

/** A central difference, unless finer ones and those of each side say something else. */
function slope(f: Plain, at: readonly number[], i: number): number | undefined {
  const moved = (h: number): number => Number(f(...at.map((x, k) => (k === i ? x + h : x))));
  const estimate = (h: number): number => (moved(h) - moved(-h)) / (2 * h);
  const h = 2 ** -14;
  const here = moved(0);
  const all = [estimate(h), estimate(h / 4), (moved(h / 2) - here) / (h / 2), (here - moved(-h / 2)) / (h / 2)];
  const [first] = all;
  return all.every((d) => Number.isFinite(d) && Math.abs(d - first) <= 1e-2 * Math.max(1, Math.abs(first)))
    ? all[1]
    : undefined;
}

export function check(c: Case): Verdict {
  let points: Point[];
  try {
    points = judge(plain(c.text), rounded(c.text), c);
  } catch (e) {
    return { message: `the program itself: ${e instanceof Error ? e.message : e}`, doubtful: 0, judged: 0 };
  }
  const doubtful = c.points.length - points.length;
  if (points.length === 0) return { doubtful, judged: 0 };
  try {
    compare(c, points);
    return { doubtful, judged: points.length };
  } catch (e) {
    const code = e instanceof TileworkError ? e.code : undefined;
    const message = e instanceof Error ? `${e instanceof Wrong ? "" : `${e.name}: `}${e.message}` : String(e);
    if (code !== undefined) return { refused: `${message}`, doubtful, judged: points.length };
    return { message, doubtful, judged: points.length };
  }
}

function compare(c: Case, points: readonly Point[]): void {
  const staged = captured(c.text) as Any;
  const dtype = c.integer ? "i32" : "f64";
  const free = points[0].at.length - (c.fixed ? 1 : 0);
  const options = c.fixed ? { staticArgnums: [free] } : {};
  const array1 = (x: number): Tensor => array(x, { dtype } as never);
  const value = (x: unknown): number => Number(x instanceof Object && "js" in x ? (x as Any).js() : x);
  const args = (at: readonly number[]): unknown[] => at.map((x, i) => (i < free ? array1(x) : x));
  const compiled = jit(staged, options as never) as Any;
  for (const { at, want } of points) close("jit", value(compiled(...args(at))), want, RELATIVE, at);

  // batched: points that share the fixed argument
  const fixed = c.fixed ? points[0].at[free] : undefined;
  const batch = points.filter((p) => !c.fixed || p.at[free] === fixed);
  const columns = Array.from({ length: free }, (_, i) =>
    array(
      batch.map((p) => p.at[i]),
      { dtype } as never,
    ),
  );
  const one = c.fixed ? (...xs: unknown[]) => staged(...xs, fixed) : staged;
  const run = c.fixed ? (captured("(...xs) => f(...xs, k)", { f: staged, k: fixed }) as Any) : one;
  const stacked = (name: string, g: Any, want: (p: Point) => number | undefined, tolerance: number): void => {
    const out = [np.broadcastTo(np.asarray(g(...columns)), [batch.length]).js()].flat(9) as unknown[];
    batch.forEach((p, i) => {
      const w = want(p);
      if (w !== undefined) close(name, Number(out[i]), w, tolerance, p.at);
    });
  };
  stacked("vmap", vmap(run), (p) => p.want, RELATIVE);
  stacked("jit of vmap", jit(vmap(run) as never), (p) => p.want, RELATIVE);
  if (c.integer) return;
  const SLOPE = 2e-2;
  const ones = Array.from({ length: free }, (_, k) => array1(k === 0 ? 1 : 0));
  for (const { at, want, slopes } of points) {
    const [y, dy] = jvp(run, args(at).slice(0, free), ones);
    close("jvp's value", value(y), want, RELATIVE, at);
    if (slopes[0] !== undefined) close("jvp", value(dy), slopes[0], SLOPE, at);
  }
  if (!c.reverse) return;
  const argnums = Array.from({ length: free }, (_, i) => i);
  const slopeOf = grad(run, { argnums } as never) as Any;
  for (const { at, slopes } of points) {
    const got = slopeOf(...args(at).slice(0, free)) as unknown[];
    got.forEach((g, i) => {
      const want = slopes[i];
      if (want !== undefined) close(`grad ${i}`, value(g), want, SLOPE, at);
    });
  }
  const batched = jit(vmap(grad(run)) as never);
  stacked("jit of vmap of grad", batched, (p) => p.slopes[0], SLOPE);
}
