/**
 * 7. Grouped matrix products: several products of different sizes in one launch. The matrices lie one after the other in three flat
 * arrays; a table says where each begins and how large it is. A fixed number of programs walks over the blocks of all of them.
 */
import { array, kernel, type Tensor } from "tilework";
import {
  arange,
  cdiv,
  type constexpr,
  dot,
  expandDims,
  floorDiv,
  load,
  numPrograms,
  programId,
  type Ref,
  store,
  zeros,
} from "tilework/kernels";

export const groupedGemm = kernel(
  function groupedGemm(
    a: Ref<"f32", ["sizeA"]>,
    b: Ref<"f32", ["sizeB"]>,
    // for each product: where a, b and c begin, then m, n and k
    table: Ref<"i32", ["groups", 6]>,
    c: Ref<"f32", ["sizeC"]>,
    BM: constexpr,
    BN: constexpr,
    BK: constexpr,
    // elements of c, which the table decides
    SIZE: constexpr,
  ) {
    let tile = programId(0);
    let first = 0;
    for (let g = 0; g < table.shape[0]; g++) {
      const [startA, startB, startC] = [load(table, [g, 0]), load(table, [g, 1]), load(table, [g, 2])];
      const [m, n, k] = [load(table, [g, 3]), load(table, [g, 4]), load(table, [g, 5])];
      const across = cdiv(n, BN);
      const end = first + cdiv(m, BM) * across;
      while (tile < end) {
        const within = tile - first;
        const column = within % across;
        const i = expandDims(floorDiv(within, across) * BM + arange(BM), 1);
        const j = expandDims(column * BN + arange(BN), 0);
        let acc = zeros([BM, BN], "f32");
        let depth = 0;
        while (depth < k) {
          const [kx, ky] = [expandDims(depth + arange(BK), 0), expandDims(depth + arange(BK), 1)];
          const left = load(a, [startA + i * k + kx], { mask: i < m && kx < k });
          const right = load(b, [startB + ky * n + j], { mask: ky < k && j < n });
          acc = dot(left, right, { acc });
          depth += BK;
        }
        store(c, [startC + i * n + j], acc, { mask: i < m && j < n });
        tile += numPrograms(0);
      }
      first = end;
    }
  },
  { out: (_a, _b, _table, { SIZE }) => ({ shape: [SIZE], dtype: "f32" }), grid: 8 },
);

/** The table and the flat operands of these products. */
export function group(pairs: readonly (readonly [Tensor, Tensor])[]): { table: Tensor; size: number } {
  let [startA, startB, startC] = [0, 0, 0];
  const rows = pairs.map(([x, y]) => {
    const [m, k, n] = [x.shape[0], x.shape[1], y.shape[1]];
    const row = [startA, startB, startC, m, n, k];
    [startA, startB, startC] = [startA + m * k, startB + k * n, startC + m * n];
    return row;
  });
  return { table: array(rows, { dtype: "i32" }), size: startC };
}
