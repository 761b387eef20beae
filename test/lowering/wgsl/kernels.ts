/** Users' kernels and the library's, as core programs: for workgroups of a GPU. */
import { grad, numpy as np, type Tensor } from "tilework";
import { library } from "tilework/kernels";
import { makeProgram } from "../../../src/index.js";
import type { Program } from "../../../src/ir/program.js";
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

export const kernels: Readonly<Record<string, () => Program<"core">>> = {
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
};
