/** `np.einsum`. */
import type { TensorLike } from "../lax/operand.js";
import type { Like } from "../tracer/num.js";
import { fail } from "../diagnostics/error.js";
import { type Dim, dimEqual, isStatic } from "../ir/dim.js";
import * as lax from "../lax/index.js";
import { broadcastTo } from "../lax/operand.js";
import type { Tensor } from "../tracer/tensor.js";
import { promoteDtypes } from "./promote.js";

interface Labelled {
  readonly x: Tensor;
  readonly labels: readonly string[];
}

/**
 * Einstein summation: `einsum("bij,bjk->bik", x, y)`; "..." stands for batch axes. Operands meet two at a time, the pair with the smallest result first.
 * @throws TW2011 for labels that do not fit, TW2001 for sizes that differ
 */
export function einsum<X extends TensorLike>(subscripts: string, ...operands: X[]): Like<X>;
export function einsum(subscripts: string, ...operands: Tensor[]): Tensor {
  const { inputs, output } = parseSubscripts(subscripts, operands);
  const sizes = new Map<string, Dim>();
  let terms: Labelled[] = promoteDtypes("einsum", operands).map((x, k) => {
    inputs[k].forEach((l, i) => {
      const n = x.aval.shape[i];
      const known = sizes.get(l) ?? 1;
      if (n !== 1 && known !== 1 && dimEqual(known, n) === false) {
        fail("TW2001", `einsum: the label ${l} of "${subscripts}" has size ${String(known)} and ${String(n)}`, {
          help: "one label stands for one size",
        });
      }
      sizes.set(l, known === 1 ? n : known);
    });
    return takeDiagonals({ x, labels: inputs[k] });
  });
  // only to choose an order: a size that is not known counts as 64
  const sizeOf = (d: Dim): number => (isStatic(d) ? d : 64);
  const size = (labels: Iterable<string>): number => [...labels].reduce((n, l) => n * sizeOf(sizes.get(l) ?? 1), 1);
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
  const sizeIn = (t: Labelled, l: string): Dim => t.x.aval.shape[t.labels.indexOf(l)];
  const narrow = shared.filter((l) => (sizeIn(x, l) === 1) !== (sizeIn(y, l) === 1));
  if (narrow.length > 0) {
    const drop = (t: Labelled, o: Labelled): Labelled => {
      const axes = t.labels.flatMap((l, i) =>
        narrow.includes(l) && t.x.shape[i] === 1 && sizeIn(o, l) !== 1 ? [i] : [],
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
