/** Matrix products: plain, in batches, and with what follows them done while a tile is at hand. */
import { fail } from "../../diagnostics/error.js";
import { kernel } from "../../dsl/kernel/own.js";
import { printAval } from "../../ir/aval.js";
import { reshape } from "../../lax/structure.js";
import { customVjp } from "../../tracer/custom.js";
import type { Tensor } from "../../tracer/tensor.js";
import * as np from "../../numpy/index.js";
import { prod } from "../../util/index.js";
import {
  arange,
  type Block,
  cast,
  type constexpr,
  dot,
  expandDims,
  load,
  programId,
  type Ref,
  range,
  store,
  zeros,
} from "../../dsl/kernel/index.js";
import { ceilDiv } from "./rows.js";

/** Rows, columns, and terms of the sum that a program takes at once. */
const TILE = { BM: 64, BN: 64, BK: 64 };
type Epilogue = (product: Block, bias: Block) => Block;
interface Constants {
  readonly BM: number;
  readonly BN: number;
  readonly BK: number;
  /** Operands that are read transposed. */
  readonly TA: boolean;
  readonly TB: boolean;
  readonly EPILOGUE: Epilogue;
}
const rowsOf = (a: Tensor, { TA }: Constants): number => a.shape[TA ? 2 : 1];
const columnsOf = (b: Tensor, { TB }: Constants): number => b.shape[TB ? 1 : 2];

/** a [batch, m, k] · b [batch or 1, k, n], each or both transposed, then EPILOGUE(tile, bias [1, columns] or 0); bias [n], or [0] for none. */
export const matmulKernel = kernel(
  function matmul(
    a: Ref,
    b: Ref,
    bias: Ref,
    out: Ref,
    BM: constexpr,
    BN: constexpr,
    BK: constexpr,
    TA: constexpr<boolean>,
    TB: constexpr<boolean>,
    EPILOGUE: constexpr<Epilogue>,
  ) {
    const batch = programId(0);
    const ofB = b.shape[0] === 1 ? 0 : batch;
    const size = TA ? a.shape[1] : a.shape[2];
    const dtype = a.dtype === "f64" ? "f64" : "f32";
    const row = expandDims(programId(1) * BM + arange(BM), 1);
    const cols = programId(2) * BN + arange(BN);
    const col = expandDims(cols, 0);
    let acc = zeros([BM, BN], dtype);
    for (const t of range(Math.ceil(size / BK))) {
      const k = t * BK + arange(BK);
      const [kOfA, kOfB] = [expandDims(k, 0), expandDims(k, 1)];
      const x = load(a, TA ? [batch, kOfA, row] : [batch, row, kOfA], { mask: row < out.shape[1] && kOfA < size });
      const y = load(b, TB ? [ofB, col, kOfB] : [ofB, kOfB, col], { mask: kOfB < size && col < out.shape[2] });
      acc = dot(x, y, { acc, dtype });
    }
    const added = bias.shape[0] === 0 ? 0 : expandDims(load(bias, [cols], { mask: cols < bias.shape[0] }), 0);
    const inside = row < out.shape[1] && col < out.shape[2];
    store(out, [batch, row, col], cast(EPILOGUE(acc, added), out.dtype), { mask: inside });
  },
  {
    out: (a: Tensor, b: Tensor, _bias: Tensor, meta: Constants) => ({
      shape: [a.shape[0], rowsOf(a, meta), columnsOf(b, meta)],
      dtype: a.dtype,
    }),
    grid: (a: Tensor, b: Tensor, _bias: Tensor, meta: Constants) => [
      a.shape[0],
      ceilDiv(rowsOf(a, meta), meta.BM),
      ceilDiv(columnsOf(b, meta), meta.BN),
    ],
  },
);

const alone: Epilogue = (x) => x;
const nothing = (like: Tensor): Tensor => np.zeros([0], { dtype: like.dtype });

function tile(m: number, n: number, k: number): { BM: number; BN: number; BK: number } {
  return { BM: Math.min(TILE.BM, m), BN: Math.min(TILE.BN, n), BK: Math.min(TILE.BK, k) };
}

/** op(a) op(b) of [batch, …] matrices. */
function product(a: Tensor, b: Tensor, TA: boolean, TB: boolean, bias?: Tensor, epilogue: Epilogue = alone): Tensor {
  const sizes = tile(a.shape[TA ? 2 : 1], b.shape[TB ? 1 : 2], a.shape[TA ? 1 : 2]);
  return matmulKernel(a, b, bias ?? nothing(a), { ...sizes, TA, TB, EPILOGUE: epilogue });
}

const plain = customVjp((a: Tensor, b: Tensor) => product(a, b, false, false)).defvjp(
  (a, b) => [product(a, b, false, false), [a, b]],
  ([a, b]: Tensor[], g) => [product(g, b, false, true), product(a, g, true, false)],
);

export interface MatmulOptions {
  /** Is added to each row: [n]. */
  readonly bias?: Tensor;
  /** What is done with a tile of the product and the bias before it is stored, in the kernel language. */
  readonly epilogue?: Epilogue;
}

/**
 * a [..., m, k] · b [k, n], or [..., k, n] of the same leading axes.
 *
 * @example library.matmul(x, w, { bias: b, epilogue: (y, bias) => maximum(y + bias, 0) })
 */
export function matmul(a: Tensor, b: Tensor, { bias, epilogue }: MatmulOptions = {}): Tensor {
  const agrees = b.ndim === 2 || (a.ndim === b.ndim && a.shape.slice(0, -2).every((d, i) => d === b.shape[i]));
  if (a.ndim < 2 || !agrees || a.shape[a.ndim - 1] !== b.shape[b.ndim - 2]) {
    return fail("TW2003", `matmul: the operands are ${printAval(a.aval)} and ${printAval(b.aval)}`, {
      help: "a is [..., m, k], b is [k, n] or has the leading axes of a",
    });
  }
  const [k, n] = b.shape.slice(-2);
  // one matrix on the right: all rows of all batches are the rows of one product
  const x = reshape(
    a,
    b.ndim === 2 ? [1, prod(a.shape.slice(0, -1)), k] : [prod(a.shape.slice(0, -2)), a.shape[a.ndim - 2], k],
  );
  const y = reshape(b, [prod(b.shape.slice(0, -2)), k, n]);
  const fused = epilogue ?? (bias ? (p: Block, q: Block): Block => np.add(p, q) : undefined);
  const out = fused ? product(x, y, false, false, bias, fused) : plain(x, y);
  return reshape(out, [...a.shape.slice(0, -1), n]);
}
