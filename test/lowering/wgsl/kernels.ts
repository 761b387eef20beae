/** Users' kernels and the library's, as core programs: for workgroups of a GPU. */
import { grad, numpy as np, type Tensor } from "tilework";
import { library } from "tilework/kernels";
import { makeProgram } from "../../../src/index.js";
import type { Atom, Program, Var } from "../../../src/ir/program.js";
import * as adjoint from "../../kernels/adjoint/programs.js";
import * as blocks from "../../kernels/block-programs.js";

const f32 = (...shape: number[]): Tensor => {
  const n = shape.reduce((a, b) => a * b, 1);
  return np.sin(np.arange(n).astype("f32").mul(1.7)).reshape(shape);
};
// biome-ignore lint/suspicious/noExplicitAny: functions of one, two and more tensors
const traced = (f: (...args: any[]) => unknown, ...args: Tensor[]): Program<"core"> => makeProgram(f as never)(...args);
const slope =
  (f: (...xs: Tensor[]) => Tensor) =>
  (x: Tensor, ...rest: Tensor[]) =>
    grad((y: Tensor) => np.square(f(y, ...rest)).sum())(x);
const labels = (): Tensor => np.array([3, 0, 32, 7], { dtype: "i32" });

/** One block in, one block out: what blocks may go through between a load and a store. */
function onBlock(
  name: string,
  shape: readonly number[],
  body: (k: blocks.Blocks, x: Var) => Atom,
  out: readonly number[] = shape,
): () => Program<"core"> {
  const at = (k: blocks.Blocks, s: readonly number[]): Atom[] => s.map((_, axis) => k.iota(s, axis, "i32"));
  return () =>
    blocks.kernelProgram(name, [blocks.f32(...shape)], [blocks.f32(...out)], [2], (k, [x], _ids, [o]) => [
      k.emit1(
        "store",
        [o, body(k, k.emit1("load", [x, ...at(k, shape)], { masked: false, other: false })), ...at(k, out)],
        {
          masked: false,
        },
      ),
    ]);
}
const asFloat = (k: blocks.Blocks, x: Var): Var => k.emit1("convert_element_type", [x], { dtype: "f32" });

/** Primitives of blocks, at sizes below and above the invocations of a workgroup. */
const ofBlocks: Readonly<Record<string, () => Program<"core">>> = {
  "block: running sum": onBlock("cumsum", [3, 50], (k, x) => k.emit1("cumsum", [x], { axis: 1, reverse: false })),
  "block: running maximum, backwards": onBlock("cummax", [300, 2], (k, x) =>
    k.emit1("cummax", [x], { axis: 0, reverse: true }),
  ),
  "block: sort": onBlock("sort", [4, 33], (k, x) => k.emit("sort", [x], { axis: 1, numKeys: 1, stable: true })[0]),
  "block: sort of many": onBlock(
    "sort",
    [600],
    (k, x) => k.emit("sort", [x], { axis: 0, numKeys: 1, stable: true })[0],
  ),
  "block: sort of more than is shared": onBlock(
    "sort",
    [2, 2500],
    (k, x) => k.emit("sort", [x], { axis: 1, numKeys: 1, stable: true })[0],
  ),
  "block: top k": onBlock("topK", [4, 33], (k, x) => k.emit("top_k", [x], { k: 5 })[0], [4, 5]),
  "block: top k, positions": onBlock("topK", [300], (k, x) => asFloat(k, k.emit("top_k", [x], { k: 5 })[1]), [5]),
  "block: argmax": onBlock(
    "argmax",
    [9, 33],
    (k, x) => asFloat(k, k.emit1("argmax", [x], { axis: 1, dtype: "i32" })),
    [9],
  ),
  "block: argmin": onBlock(
    "argmin",
    [9, 33],
    (k, x) => asFloat(k, k.emit1("argmin", [x], { axis: 0, dtype: "i32" })),
    [33],
  ),
  "block: reversed": onBlock("rev", [5, 70], (k, x) => k.emit1("rev", [x], { axes: [0, 1] })),
  "block: slice": onBlock(
    "slice",
    [9, 33],
    (k, x) => k.emit1("slice", [x], { start: [1, 2], limit: [8, 33], strides: [2, 3] }),
    [4, 11],
  ),
  "block: pad": onBlock(
    "pad",
    [4, 5],
    (k, x) => k.emit1("pad", [x, k.scalar(7, "f32")], { low: [1, -1], high: [0, 2], interior: [1, 0] }),
    [8, 6],
  ),
  "block: concatenate": onBlock(
    "join",
    [4, 5],
    (k, x) => k.emit1("concatenate", [x, k.op("neg", x), x], { axis: 1 }),
    [4, 15],
  ),
  "block: transpose of three axes": onBlock(
    "turn",
    [4, 5, 20],
    (k, x) => k.emit1("transpose", [x], { perm: [2, 0, 1] }),
    [20, 4, 5],
  ),
  "block: transpose of more than is shared": onBlock(
    "turn",
    [96, 64],
    (k, x) => k.emit1("transpose", [x], { perm: [1, 0] }),
    [64, 96],
  ),
  "block: sum over the middle": onBlock(
    "sum",
    [4, 7, 20],
    (k, x) => k.emit1("reduce_sum", [x], { axes: [1] }),
    [4, 20],
  ),
  "block: rows of more than is shared": onBlock(
    "sum",
    [80, 64],
    (k, x) => k.emit1("reduce_max", [x], { axes: [1] }),
    [80],
  ),
  "block: product with itself": onBlock("dot", [20, 20], (k, x) =>
    k.emit1("dot_general", [x, x], { lhsContract: [1], rhsContract: [1], lhsBatch: [], rhsBatch: [], preferred: null }),
  ),
  "block: product with more columns than are shared": onBlock(
    "dot",
    [2, 4200],
    (k, x) => {
      const one = k.emit1("slice", [x], { start: [0, 0], limit: [2, 1], strides: [1, 1] });
      return k.emit1("dot_general", [one, x], {
        lhsContract: [0],
        rhsContract: [0],
        lhsBatch: [],
        rhsBatch: [],
        preferred: null,
      });
    },
    [1, 4200],
  ),
  "block: batched product": onBlock(
    "dot",
    [3, 4, 5],
    (k, x) =>
      k.emit1("dot_general", [x, x], {
        lhsContract: [1],
        rhsContract: [1],
        lhsBatch: [0],
        rhsBatch: [0],
        preferred: null,
      }),
    [3, 5, 5],
  ),
};

export const kernels: Readonly<Record<string, () => Program<"core">>> = {
  ...ofBlocks,
  "vector add": () => blocks.vectorAdd(1000, 128),
  "vector add of many elements a lane": () => blocks.vectorAdd(1000, 600),
  softmax: () => blocks.softmax(5, 33, 48),
  "softmax of rows longer than a workgroup": () => blocks.softmax(2, 700, 1024),
  "layer norm": () => blocks.layerNorm(4, 100, 128),
  matmul: () => blocks.matmul(33, 20, 17, 16, 16, 8),
  "matmul of blocks that are shared in parts": () => blocks.matmul(64, 64, 64, 64, 64, 64),
  "sums of columns": () => blocks.columnSums(20, 30, 8, 16),
  stencil: () => blocks.stencil(20, 30, 8, 16),
  transpose: () => blocks.transpose(20, 30, 8, 16),
  "rows by index": () => blocks.gatherRows(10, 6, 20, 32),
  "flash attention": () => blocks.flash(2, 20, 8, 8, 8),
  "causal flash attention": () => blocks.flash(1, 24, 8, 8, 8, true),
  "outer product": () => adjoint.outerProduct(20, 9, 8, 4),
  "convolution of a line": () => adjoint.conv1d(50, 3, 16),
  convolution: () => adjoint.conv2d(9, 9, 3, 2, 16),
  "rows in flat memory": () => adjoint.flatRows(4, 9, 11, 16),
  "running sums": () => adjoint.cumulative(3, 20, 32),
  "rotary embedding": () => adjoint.rotary(4, 6, 8),
  dropout: () => adjoint.dropout(50, 16),
  "scatter-add": () => adjoint.scatterAdd(40, 7, 16),
  "in place": () => adjoint.inPlace(30, 8),
  "stores in a loop": () => adjoint.loopStores(4, 9, 16),
  "through memory": () => adjoint.throughMemory(4, 9),
  branches: () => adjoint.branches(4, 9),
  "library: softmax": () => traced(library.softmax, f32(4, 33)),
  "library: softmax, backward": () => traced(slope(library.softmax), f32(4, 33)),
  "library: log softmax": () => traced(library.logSoftmax, f32(4, 33)),
  "library: log softmax, backward": () => traced(slope(library.logSoftmax), f32(4, 33)),
  "library: cross-entropy": () => traced((x: Tensor, l: Tensor) => library.crossEntropy(x, l), f32(4, 33), labels()),
  "library: cross-entropy, backward": () =>
    traced((x: Tensor, l: Tensor) => slope((y) => library.crossEntropy(y, l))(x), f32(4, 33), labels()),
  "library: layer norm": () =>
    traced((x: Tensor, s: Tensor, o: Tensor) => library.layerNorm(x, s, o), f32(4, 33), f32(33), f32(33)),
  "library: layer norm, backward": () =>
    traced(
      (x: Tensor, s: Tensor, o: Tensor) => slope((y) => library.layerNorm(y, s, o))(x),
      f32(4, 33),
      f32(33),
      f32(33),
    ),
  "library: rms norm": () => traced((x: Tensor, s: Tensor) => library.rmsNorm(x, s), f32(4, 33), f32(33)),
  "library: rms norm, backward": () =>
    traced((x: Tensor, s: Tensor) => slope((y) => library.rmsNorm(y, s))(x), f32(4, 33), f32(33)),
  "library: matmul": () => traced((a: Tensor, b: Tensor) => library.matmul(a, b), f32(19, 33), f32(33, 21)),
  "library: batched matmul": () => traced((a: Tensor, b: Tensor) => library.matmul(a, b), f32(2, 9, 8), f32(2, 8, 5)),
  "library: matmul with an epilogue": () =>
    traced(
      (a: Tensor, b: Tensor, bias: Tensor) =>
        library.matmul(a, b, { bias, epilogue: (y, d) => np.maximum(np.add(y, d), 0) }),
      f32(9, 8),
      f32(8, 5),
      f32(5),
    ),
  "library: matmul, backward": () =>
    traced((a: Tensor, b: Tensor) => slope((x) => library.matmul(x, b))(a), f32(9, 8), f32(8, 5)),
  "library: attention": () =>
    traced(
      (q: Tensor, k: Tensor, v: Tensor) => library.flashAttention(q, k, v, { causal: true }),
      f32(1, 20, 4, 8),
      f32(1, 20, 2, 8),
      f32(1, 20, 2, 8),
    ),
  "library: attention, backward": () =>
    traced(
      (q: Tensor, k: Tensor, v: Tensor) => slope((x) => library.flashAttention(x, k, v))(q),
      f32(1, 9, 2, 8),
      f32(1, 9, 2, 8),
      f32(1, 9, 2, 8),
    ),
  "library: a step of attention with a cache": () =>
    traced(
      (q: Tensor, k: Tensor, v: Tensor, n: Tensor) => library.decodeAttention(q, k, v, n),
      f32(2, 4, 8),
      f32(2, 7, 2, 8),
      f32(2, 7, 2, 8),
      np.array([3, 7], { dtype: "i32" }),
    ),
  "library: batched matmul, backward": () =>
    traced((a: Tensor, b: Tensor) => slope((x) => library.matmul(x, b))(a), f32(2, 9, 8), f32(2, 8, 5)),
  "library: matmul with an epilogue, backward": () =>
    traced(
      (a: Tensor, b: Tensor, bias: Tensor) =>
        slope((x) => library.matmul(x, b, { bias, epilogue: (y, d) => np.maximum(np.add(y, d), 0) }))(a),
      f32(9, 8),
      f32(8, 5),
      f32(5),
    ),
  "library: causal attention, backward": () =>
    traced(
      (q: Tensor, k: Tensor, v: Tensor) =>
        grad((...x: Tensor[]) => library.flashAttention(x[0], x[1], x[2], { causal: true }).square().sum(), {
          argnums: [0, 1, 2],
        })(q, k, v),
      f32(1, 20, 4, 8),
      f32(1, 20, 2, 8),
      f32(1, 20, 2, 8),
    ),
  "library: entries of a cache": () =>
    traced(
      (c: Tensor, e: Tensor, at: Tensor) => library.writeCache(c, e, at),
      f32(4, 7, 2, 8),
      f32(4, 2, 8),
      np.array([3, 0, 6, 5], { dtype: "i32" }),
    ),
  "library: convolution": () =>
    traced((x: Tensor, w: Tensor) => library.conv2d(x, w, { stride: 2, padding: 1 }), f32(1, 9, 9, 3), f32(3, 3, 3, 4)),
  "library: convolution, backward": () =>
    traced((x: Tensor, w: Tensor) => slope((y) => library.conv2d(y, w))(x), f32(1, 6, 6, 2), f32(3, 3, 2, 3)),
  "library: pooling": () =>
    traced((x: Tensor) => [library.maxPool(x, { size: 2 }), library.meanPool(x, { size: 2 })], f32(1, 6, 6, 2)),
  "library: pooling, backward": () =>
    traced(
      slope((x) => library.maxPool(x, { size: 2 })),
      f32(1, 6, 6, 2),
    ),
  "library: mean pooling, backward": () =>
    traced(
      slope((x) => library.meanPool(x, { size: 2 })),
      f32(1, 6, 6, 2),
    ),
  "library: convolution, backward for the kernel": () =>
    traced(
      (x: Tensor, w: Tensor) => slope((y) => library.conv2d(x, y, { padding: 1 }))(w),
      f32(1, 6, 6, 2),
      f32(3, 3, 2, 3),
    ),
  "library: scatter-add": () => traced((i: Tensor, x: Tensor) => library.scatterAdd(i, x, 33), labels(), f32(4, 6)),
  "library: rotary, backward": () =>
    traced(
      (x: Tensor, c: Tensor, s: Tensor) => slope((y) => library.rotary(y, c, s))(x),
      f32(2, 5, 2, 8),
      f32(5, 4),
      f32(5, 4),
    ),
  "library: dropout": () => traced((x: Tensor) => library.dropout(x, np.array(3, { dtype: "i32" })), f32(4, 33)),
  "library: dropout, backward": () =>
    traced((x: Tensor) => slope((y) => library.dropout(y, np.array(3, { dtype: "i32" })))(x), f32(4, 33)),
  "library: int4 product of many rows": () => {
    const [w, s] = library.quantizeInt4(f32(32, 9), { group: 16 });
    return traced((x: Tensor, a: Tensor, b: Tensor) => library.matmulInt4(x, a, b), f32(16, 32), w, s);
  },
  "library: running sum, backward": () => traced(slope(library.cumsum), f32(3, 33)),
  "library: embedding": () => traced((t: Tensor, i: Tensor) => library.embedding(t, i), f32(33, 6), labels()),
  "library: embedding, backward": () =>
    traced((t: Tensor, i: Tensor) => slope((x) => library.embedding(x, i))(t), f32(33, 6), labels()),
  "library: rotary": () =>
    traced((x: Tensor, c: Tensor, s: Tensor) => library.rotary(x, c, s), f32(2, 5, 2, 8), f32(5, 4), f32(5, 4)),
  "library: running sum": () => traced((x: Tensor) => library.cumsum(x), f32(3, 33)),
  "library: top k": () => traced((x: Tensor) => library.topK(x, 3), f32(3, 33)),
  "library: top k, backward": () =>
    traced(
      slope((x) => library.topK(x, 3)[0]),
      f32(3, 33),
    ),
  "library: product of int8": () => {
    const [w, s] = library.quantizeInt8(f32(32, 9));
    return traced((x: Tensor, a: Tensor, b: Tensor) => library.matmulInt8(x, a, b), f32(5, 32), w, s);
  },
  "library: product of int4": () => {
    const [w, s] = library.quantizeInt4(f32(32, 9), { group: 16 });
    return traced((x: Tensor, a: Tensor, b: Tensor) => library.matmulInt4(x, a, b), f32(5, 32), w, s);
  },
  "library: a step of Adam": () =>
    traced(
      (p: Tensor, m: Tensor, v: Tensor, g: Tensor, r: Tensor) => library.adamStep(p, m, v, g, r),
      f32(50),
      f32(50),
      f32(50),
      f32(50),
      f32(3),
    ),
};
