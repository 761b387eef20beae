/** Gradients of kernels whose loops are JavaScript's: a product, attention with a running softmax, rows of a table. */
import { grad, jit, kernel, numpy as np, random, type Tensor } from "tilework";
import { expect, test } from "vitest";
import {
  arange,
  type Block,
  type constexpr,
  dot,
  exp,
  expandDims,
  full,
  load,
  max,
  maximum,
  programId,
  range,
  type Ref,
  store,
  sum,
  trans,
  where,
  zeros,
} from "tilework/kernels";

const up = (n: number, by: number): number => Math.ceil(n / by);

const matmul = kernel(
  function matmul(a: Ref, b: Ref, out: Ref, BM: constexpr, BN: constexpr, BK: constexpr) {
    const rows = expandDims(programId(0) * BM + arange(BM), 1);
    const cols = expandDims(programId(1) * BN + arange(BN), 0);
    let acc = zeros([BM, BN]);
    for (const k of range(0, a.shape[1], BK)) {
      const at = k + arange(BK);
      const x = load(a, [rows, expandDims(at, 0)], {
        mask: rows < a.shape[0] && expandDims(at, 0) < a.shape[1],
        other: 0,
      });
      const y = load(b, [expandDims(at, 1), cols], {
        mask: expandDims(at, 1) < a.shape[1] && cols < b.shape[1],
        other: 0,
      });
      acc = dot(x, y, { acc });
    }
    store(out, [rows, cols], acc, { mask: rows < a.shape[0] && cols < b.shape[1] });
  },
  {
    out: (a, b) => ({ shape: [a.shape[0], b.shape[1]], dtype: a.dtype }),
    grid: (a, b, { BM, BN }) => [up(a.shape[0], BM), up(b.shape[1], BN)],
  },
);

const attention = kernel(
  function attention(q: Ref, k: Ref, v: Ref, out: Ref, BQ: constexpr, BK: constexpr) {
    const [n, d] = q.shape;
    const rows = expandDims(programId(0) * BQ + arange(BQ), 1);
    const lanes = expandDims(arange(d), 0);
    const queries = load(q, [rows, lanes], { mask: rows < n, other: 0 });
    let top: Block = full([BQ], -Infinity);
    let total: Block = zeros([BQ]);
    let acc: Block = zeros([BQ, d]);
    for (const start of range(0, n, BK)) {
      const at = start + arange(BK);
      const inside = expandDims(at, 1) < n;
      const keys = load(k, [expandDims(at, 1), lanes], { mask: inside, other: 0 });
      const values = load(v, [expandDims(at, 1), lanes], { mask: inside, other: 0 });
      const scores = where(expandDims(at, 0) < n, dot(queries, trans(keys)), -Infinity);
      const next = maximum(top, max(scores, 1));
      const p = exp(scores - expandDims(next, 1));
      const scale = exp(top - next);
      total = total * scale + sum(p, 1);
      acc = dot(p, values, { acc: acc * expandDims(scale, 1) });
      top = next;
    }
    store(out, [rows, lanes], acc / expandDims(total, 1), { mask: rows < n });
  },
  {
    out: (q) => q,
    grid: (q, _k, _v, { BQ }) => up(q.shape[0], BQ),
  },
);

const embedding = kernel(
  function embedding(table: Ref, tokens: Ref, out: Ref) {
    const i = programId(0);
    store(out, [i, null], load(table, [load(tokens, [i]), null]));
  },
  {
    out: (table, tokens) => ({ shape: [tokens.shape[0], table.shape[1]], dtype: table.dtype }),
    grid: (_t, tokens) => tokens.shape[0],
  },
);

let seed = 20;
const normal = (...shape: number[]): Tensor => random.normal(random.key(seed++), shape);
function agree(got: (...xs: Tensor[]) => Tensor, want: (...xs: Tensor[]) => Tensor, xs: readonly Tensor[]): void {
  const argnums = xs.map((_, i) => i);
  const of = (f: typeof got) =>
    jit(grad((...a: Tensor[]) => np.sum(np.sin(f(...a))), { argnums }))(...xs) as unknown as Tensor[];
  const [g, w] = [of(got), of(want)];
  g.forEach((x, i) => {
    const [a, b] = [x.dataSync(), w[i].dataSync()];
    expect(a.length).toBe(b.length);
    for (let j = 0; j < a.length; j++) expect(Math.abs(a[j] - b[j])).toBeLessThan(1e-4);
  });
}

test("a product with a loop over blocks", () => {
  const f = (a: Tensor, b: Tensor) => matmul(a, b, { BM: 8, BN: 16, BK: 4 });
  agree(f, (a, b) => np.matmul(a, b), [normal(21, 13), normal(13, 19)]);
});

test("attention with a running softmax", () => {
  const f = (q: Tensor, k: Tensor, v: Tensor) => attention(q, k, v, { BQ: 8, BK: 4 });
  const plain = (q: Tensor, k: Tensor, v: Tensor): Tensor => {
    const s = np.matmul(q, np.transpose(k));
    const e = np.exp(s.sub(np.max(s, { axis: -1, keepdims: true })));
    return np.matmul(e.div(np.sum(e, { axis: -1, keepdims: true })), v);
  };
  agree(f, plain, [normal(21, 6), normal(21, 6), normal(21, 6)]);
});

test("rows of a table", () => {
  const tokens = random.randint(random.key(1), [17], 0, 5);
  const f = (table: Tensor) => embedding(table, tokens);
  agree(f, (table) => np.take(table, tokens, 0), [normal(5, 7)]);
});
