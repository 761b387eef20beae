/**
 * Sums of arrays that lie beside each other in zeros are concatenations. The derivative of taking an array apart is such a
 * sum; computed as one it would test for every element of every part whether it is there.
 */
import { isStatic } from "../../ir/dim.js";
import type { Atom } from "../../ir/program.js";
import { on, type RewriteContext } from "../rule.js";
import { isNumber, number } from "./values.js";

/** An array, or zeros (null). */
interface Part {
  readonly x: Atom | null;
  /** Along the axis. */
  readonly size: number;
}
interface Pieces {
  readonly axis: number;
  readonly parts: readonly Part[];
}
/** Each part costs a loop of its own. */
const MOST_PARTS = 32;

export const disjoint = {
  "sum of disjoint parts": on("add", (r, { inputs: [x, y], outputs: [out] }) => {
    const [a, b] = [piecesOf(r, x), piecesOf(r, y)];
    if (!a || !b || a.axis !== b.axis) return undefined;
    const parts = overlay(a.parts, b.parts);
    if (!parts) return undefined;
    const { axis } = a;
    const atoms = parts.map(({ x, size }) => {
      const shape = out.aval.shape.map((d, i) => (i === axis ? size : d));
      return x ?? number(r, { ...out.aval, shape }, 0);
    });
    return r.emit("concatenate", atoms, { axis });
  }),
};

function piecesOf(r: RewriteContext, a: Atom): Pieces | undefined {
  const padded = r.made(a, "pad");
  if (padded) {
    const [x, fill] = padded.inputs;
    const { low, high, interior } = padded.params;
    if (!isNumber(r.constant(fill), 0) || interior.some((n) => n !== 0)) return undefined;
    const axes = low.flatMap((_, i) => (low[i] === 0 && high[i] === 0 ? [] : [i]));
    if (axes.length !== 1) return undefined;
    const [axis] = axes;
    const [before, size, after] = [low[axis], x.aval.shape[axis], high[axis]];
    if (!isStatic(before) || !isStatic(size) || !isStatic(after) || before < 0 || after < 0) return undefined;
    const parts = [
      { x: null, size: before },
      { x, size },
      { x: null, size: after },
    ];
    return { axis, parts: parts.filter((p) => p.size > 0) };
  }
  const joined = r.made(a, "concatenate");
  if (!joined) return undefined;
  const { axis } = joined.params;
  const parts: Part[] = [];
  for (const x of joined.inputs) {
    const size = x.aval.shape[axis];
    if (!isStatic(size)) return undefined;
    parts.push({ x: isNumber(r.constant(x), 0) ? null : x, size });
  }
  return { axis, parts };
}

/** Each part of one in zeros of the other; undefined where two would have to be added. */
function overlay(a: Pieces["parts"], b: Pieces["parts"]): Pieces["parts"] | undefined {
  const result: Part[] = [];
  const [left, right] = [[...a], [...b]];
  while (left.length > 0 && right.length > 0) {
    const [p, q] = [left[0], right[0]];
    const first = p.x ? p : q.x ? q : p.size < q.size ? p : q;
    const [own, other] = first === p ? [left, right] : [right, left];
    own.shift();
    if (!takeZeros(other, first.size)) return undefined;
    result.push(first);
  }
  return result.length > MOST_PARTS ? undefined : result;
}

/** Takes zeros of this size off the front, perhaps several stretches of them. */
function takeZeros(list: Part[], size: number): boolean {
  let rest = size;
  while (rest > 0) {
    const first = list.shift();
    if (!first || first.x) return false;
    if (first.size > rest) list.unshift({ x: null, size: first.size - rest });
    rest -= first.size;
  }
  return true;
}
