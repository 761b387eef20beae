/** Products of vectors, matrices and tensors. */
import { fail } from "../diagnostics/error.js";
import { printAval } from "../ir/aval.js";
import { dimEqual } from "../ir/dim.js";
import type { DType } from "../ir/dtype.js";
import * as lax from "../lax/index.js";
import { broadcastShapes, broadcastTo, canonicalAxis } from "../lax/operand.js";
import type { Tensor } from "../tracer/tensor.js";
import { promoteDtypes, type TensorLike } from "./promote.js";

export interface ProductOptions {
  /** dtype of the accumulation and of the result. */
  preferredElementType?: DType;
}

function contractionError(what: string, x: Tensor, y: Tensor, i: number, j: number): never {
  return fail(
    "TW2003",
    `${what}: contracting dimensions differ: ${printAval(x.aval)} has ${String(x.aval.shape[i])} on axis ${i}, ${printAval(y.aval)} has ${String(y.aval.shape[j])} on axis ${j}`,
    {
      help: "transpose one side, or reshape it so that these two sizes agree",
    },
  );
}

/** NumPy's dot: vectors and matrices as usual; for more axes the last of x with the second last of y. */
export function dot(x: TensorLike, y: TensorLike, options: ProductOptions = {}): Tensor {
  const [a, b] = promoteDtypes("dot", [x, y]);
  if (a.ndim === 0 || b.ndim === 0) {
    const shape = a.ndim === 0 ? b.aval.shape : a.aval.shape;
    return lax.mul(broadcastTo("dot", a, shape), broadcastTo("dot", b, shape));
  }
  const i = a.ndim - 1;
  const j = Math.max(0, b.ndim - 2);
  if (dimEqual(a.aval.shape[i], b.aval.shape[j]) === false) contractionError("dot", a, b, i, j);
  return lax.dotGeneral(a, b, { contract: [[i], [j]] }, options.preferredElementType ?? null);
}

/** NumPy's matmul: leading axes are batch axes and broadcast. */
export function matmul(x: TensorLike, y: TensorLike, options: ProductOptions = {}): Tensor {
  const [a, b] = promoteDtypes("matmul", [x, y]);
  if (a.ndim === 0 || b.ndim === 0)
    fail("TW2007", `matmul: ${printAval(a.aval)} and ${printAval(b.aval)}: scalars are not matrices`, {
      help: "use multiply",
    });
  const i = a.ndim - 1;
  const j = Math.max(0, b.ndim - 2);
  if (dimEqual(a.aval.shape[i], b.aval.shape[j]) === false) contractionError("matmul", a, b, i, j);
  const preferred = options.preferredElementType ?? null;
  if (a.ndim <= 2 && b.ndim <= 2) return lax.dotGeneral(a, b, { contract: [[i], [j]] }, preferred);
  // one side without batch axes: they stay free axes of the other, and nothing is repeated
  if (b.ndim <= 2) return lax.dotGeneral(a, b, { contract: [[i], [j]] }, preferred);
  if (a.ndim === 1) return lax.dotGeneral(b, a, { contract: [[b.ndim - 2], [0]] }, preferred);
  const lead = broadcastShapes("matmul", [a.aval.shape.slice(0, -2), b.aval.shape.slice(0, -2)]);
  const left = broadcastTo("matmul", a, [...lead, ...a.aval.shape.slice(-2)]);
  const right = broadcastTo("matmul", b, [...lead, ...b.aval.shape.slice(-2)]);
  const n = lead.length;
  const batch = lead.map((_, k) => k);
  return lax.dotGeneral(left, right, { contract: [[n + 1], [n]], batch: [batch, batch] }, preferred);
}
export function vdot(x: Tensor, y: Tensor): Tensor {
  return dot(lax.reshape(x, [-1]), lax.reshape(y, [-1]));
}
export function inner(x: Tensor, y: Tensor): Tensor {
  const [a, b] = promoteDtypes("inner", [x, y]);
  if (a.ndim === 0 || b.ndim === 0) return dot(a, b);
  return lax.dotGeneral(a, b, { contract: [[a.ndim - 1], [b.ndim - 1]] });
}
export function outer(x: Tensor, y: Tensor): Tensor {
  const [a, b] = promoteDtypes("outer", [x, y]);
  const shape = [a.size, b.size];
  return lax.mul(
    lax.broadcastInDim(lax.reshape(a, [-1]), shape, [0]),
    lax.broadcastInDim(lax.reshape(b, [-1]), shape, [1]),
  );
}
export function tensordot(
  x: Tensor,
  y: Tensor,
  axes: number | readonly [readonly number[], readonly number[]] = 2,
): Tensor {
  const [a, b] = promoteDtypes("tensordot", [x, y]);
  const [left, right] =
    typeof axes === "number"
      ? [Array.from({ length: axes }, (_, i) => a.ndim - axes + i), Array.from({ length: axes }, (_, i) => i)]
      : axes;
  return lax.dotGeneral(a, b, {
    contract: [
      left.map((k) => canonicalAxis("tensordot", k, a.ndim)),
      right.map((k) => canonicalAxis("tensordot", k, b.ndim)),
    ],
  });
}
export function kron(x: Tensor, y: Tensor): Tensor {
  const [a, b] = promoteDtypes("kron", [x, y]);
  const rank = Math.max(a.ndim, b.ndim);
  const up = (t: Tensor): number[] => [...Array.from({ length: rank - t.ndim }, () => 1), ...t.shape];
  const [sa, sb] = [up(a), up(b)];
  const wide = sa.flatMap((d, i) => [d, sb[i]]);
  const left = lax.broadcastInDim(
    lax.reshape(a, sa),
    wide,
    sa.map((_, i) => 2 * i),
  );
  const right = lax.broadcastInDim(
    lax.reshape(b, sb),
    wide,
    sb.map((_, i) => 2 * i + 1),
  );
  return lax.reshape(
    lax.mul(left, right),
    sa.map((d, i) => d * sb[i]),
  );
}
export function trace(x: Tensor, offset = 0): Tensor {
  const [n, m] = x.shape.slice(-2);
  const row = lax.broadcastedIota("i32", [n, m], 0);
  const column = lax.broadcastedIota("i32", [n, m], 1);
  const mask = lax.broadcastInDim(lax.eq(lax.add(row, offset), column), x.aval.shape, [x.ndim - 2, x.ndim - 1]);
  return lax.reduceSum(lax.select(mask, x, lax.full(x.aval.shape, 0, x.aval.dtype)), [-2, -1]);
}
export function cross(x: Tensor, y: Tensor): Tensor {
  const [a, b] = promoteDtypes("cross", [x, y]);
  if (a.shape[a.ndim - 1] !== 3 || b.shape[b.ndim - 1] !== 3)
    fail("TW2001", "cross: the last axis must have size 3", {});
  const part = (t: Tensor, k: number): Tensor => lax.sliceInDim(t, k, k + 1, 1, -1);
  return lax.concatenate(
    [0, 1, 2].map((k) => {
      const [i, j] = [(k + 1) % 3, (k + 2) % 3];
      return lax.sub(lax.mul(part(a, i), part(b, j)), lax.mul(part(a, j), part(b, i)));
    }),
    -1,
  );
}

interface Labelled {
  readonly x: Tensor;
  readonly labels: readonly string[];
}

/**
 * Einstein summation: `einsum("bij,bjk->bik", x, y)`; "..." stands for batch axes. Operands meet two at a time, the pair with the smallest result first.
 * @throws TW2011 for labels that do not fit, TW2001 for sizes that differ
 */
export function einsum(subscripts: string, ...operands: Tensor[]): Tensor {
  const { inputs, output } = parseSubscripts(subscripts, operands);
  const sizes = new Map<string, number>();
  let terms: Labelled[] = promoteDtypes("einsum", operands).map((x, k) => {
    inputs[k].forEach((l, i) => {
      const n = x.shape[i];
      const known = sizes.get(l);
      if (known !== undefined && known !== n && n !== 1 && known !== 1) {
        fail("TW2001", `einsum: the label ${l} has size ${known} and ${n}`, { help: "one label stands for one size" });
      }
      sizes.set(l, Math.max(known ?? 0, n));
    });
    return takeDiagonals({ x, labels: inputs[k] });
  });
  const size = (labels: Iterable<string>): number => [...labels].reduce((n, l) => n * (sizes.get(l) ?? 1), 1);
  if (terms.length === 1) terms = [sumOut(terms[0], output)];
  while (terms.length > 1) {
    let best: { i: number; j: number; cost: number } | undefined;
    for (let i = 0; i < terms.length; i++) {
      for (let j = i + 1; j < terms.length; j++) {
        const rest = new Set([...output, ...terms.flatMap((t, k) => (k === i || k === j ? [] : t.labels))]);
        const both = new Set([...terms[i].labels, ...terms[j].labels]);
        const cost = size([...both].filter((l) => rest.has(l))) - size(terms[i].labels) - size(terms[j].labels);
        if (!best || cost < best.cost) best = { i, j, cost };
      }
    }
    const { i, j } = best as { i: number; j: number };
    const keep = new Set([...output, ...terms.flatMap((t, k) => (k === i || k === j ? [] : t.labels))]);
    const joined = contractPair(terms[i], terms[j], keep);
    terms = [...terms.filter((_, k) => k !== i && k !== j), joined];
  }
  const [{ x, labels }] = terms;
  const ordered = lax.transpose(
    x,
    output.map((l) => labels.indexOf(l)),
  );
  return broadcastTo(
    "einsum",
    ordered,
    output.map((l) => sizes.get(l) ?? 1),
  );
}

function parseSubscripts(subscripts: string, operands: readonly Tensor[]): { inputs: string[][]; output: string[] } {
  const [left, right] = subscripts.replace(/\s/g, "").split("->");
  const parts = left.split(",");
  if (parts.length !== operands.length)
    fail("TW2011", `einsum: "${subscripts}" names ${parts.length} operands, ${operands.length} were given`, {
      help: "separate the operands' labels by commas",
    });
  const dots = Math.max(0, ...parts.map((p, k) => (p.includes("...") ? operands[k].ndim - (p.length - 3) : 0)));
  const expand = (p: string, n: number): string[] => {
    const at = p.indexOf("...");
    if (at < 0) return [...p];
    return [...p.slice(0, at), ...Array.from({ length: n }, (_, i) => `.${dots - n + i}`), ...p.slice(at + 3)];
  };
  const inputs = parts.map((p, k) => {
    const labels = expand(p, p.includes("...") ? operands[k].ndim - (p.length - 3) : 0);
    if (labels.length !== operands[k].ndim)
      fail("TW2011", `einsum: "${p}" names ${labels.length} axes, operand ${k} has ${operands[k].ndim}`, {
        help: "give one label for each axis, or ... for the others",
      });
    return labels;
  });
  const all = inputs.flat();
  const output =
    right === undefined
      ? [
          ...new Set(all.filter((l) => l.startsWith(".")).sort()),
          ...[...new Set(all)].filter((l) => !l.startsWith(".") && all.filter((m) => m === l).length === 1).sort(),
        ]
      : expand(right, dots);
  for (const l of output) if (!all.includes(l)) fail("TW2011", `einsum: the result's label ${l} is in no operand`, {});
  if (new Set(output).size !== output.length)
    fail("TW2011", `einsum: a label stands twice in the result of "${subscripts}"`, {});
  return { inputs, output };
}

/** A label that stands twice in one operand: only the diagonal counts. */
function takeDiagonals({ x, labels }: Labelled): Labelled {
  const second = labels.findIndex((l, i) => labels.indexOf(l) !== i);
  if (second < 0) return { x, labels };
  const first = labels.indexOf(labels[second]);
  const row = lax.broadcastedIota("i32", x.aval.shape, first);
  const column = lax.broadcastedIota("i32", x.aval.shape, second);
  const on = lax.select(lax.eq(row, column), x, lax.full(x.aval.shape, 0, x.aval.dtype));
  return takeDiagonals({ x: lax.reduceSum(on, [second]), labels: labels.filter((_, i) => i !== second) });
}

function sumOut({ x, labels }: Labelled, keep: Iterable<string>): Labelled {
  const kept = new Set(keep);
  const axes = labels.flatMap((l, i) => (kept.has(l) ? [] : [i]));
  return { x: lax.reduceSum(x, axes), labels: labels.filter((l) => kept.has(l)) };
}

function contractPair(a: Labelled, b: Labelled, keep: ReadonlySet<string>): Labelled {
  // labels that only one side has and nobody needs are summed there first
  const x = sumOut(a, [...keep, ...b.labels]);
  const y = sumOut(b, [...keep, ...a.labels]);
  const shared = x.labels.filter((l) => y.labels.includes(l));
  // a size of 1 beside a larger one is broadcast: it is dropped from that side
  const narrow = shared.filter((l) => x.x.shape[x.labels.indexOf(l)] !== y.x.shape[y.labels.indexOf(l)]);
  if (narrow.length > 0) {
    const drop = (t: Labelled, o: Labelled): Labelled => {
      const axes = t.labels.flatMap((l, i) =>
        narrow.includes(l) && t.x.shape[i] === 1 && o.x.shape[o.labels.indexOf(l)] !== 1 ? [i] : [],
      );
      return { x: lax.squeeze(t.x, axes), labels: t.labels.filter((_, i) => !axes.includes(i)) };
    };
    return contractPair(drop(x, y), drop(y, x), keep);
  }
  const batch = shared.filter((l) => keep.has(l));
  const contract = shared.filter((l) => !keep.has(l));
  const at = (t: Labelled, list: readonly string[]): number[] => list.map((l) => t.labels.indexOf(l));
  const r = lax.dotGeneral(x.x, y.x, {
    contract: [at(x, contract), at(y, contract)],
    batch: [at(x, batch), at(y, batch)],
  });
  const free = (t: Labelled): string[] => t.labels.filter((l) => !shared.includes(l));
  return { x: r, labels: [...batch, ...free(x), ...free(y)] };
}
