/** The kernels of the examples as core programs, with the gradients that they define. */
import { grad, numpy as np, type Tensor } from "tilework";
import { makeProgram } from "../../../src/index.js";
import { puzzles } from "../../../examples/kernels/puzzles/index.js";
import { makeAttention } from "../../../examples/kernels/tutorials/attention.js";
import { dropout } from "../../../examples/kernels/tutorials/dropout.js";
import { group, groupedGemm } from "../../../examples/kernels/tutorials/grouped-gemm.js";
import { layerNorm } from "../../../examples/kernels/tutorials/layer-norm.js";
import { matmul } from "../../../examples/kernels/tutorials/matmul.js";
import { persistentMatmul } from "../../../examples/kernels/tutorials/persistent-matmul.js";
import { softmax } from "../../../examples/kernels/tutorials/softmax.js";
import { vectorAdd } from "../../../examples/kernels/tutorials/vector-add.js";
import type { Program } from "../../../src/ir/program.js";

const f32 = (...shape: number[]): Tensor => np.zeros(shape);
// biome-ignore lint/suspicious/noExplicitAny: functions of any tensors
const traced = (f: (...args: any[]) => unknown, ...args: Tensor[]): Program<"core"> => makeProgram(f as never)(...args);
/** The gradient for every operand of a sum of squares. */
const slopes =
  (n: number, f: (...xs: Tensor[]) => Tensor) =>
  (...xs: Tensor[]) =>
    grad((...ys: Tensor[]) => np.square(f(...ys)).sum(), { argnums: Array.from({ length: n }, (_, i) => i) })(...xs);
const qkv = [f32(2, 20, 8), f32(2, 20, 8), f32(2, 20, 8)];
const blocks = { BM: 16, BN: 32, BK: 8 };

export const examples: Readonly<Record<string, () => Program<"core">>> = {
  ...Object.fromEntries(puzzles(33).map(({ title, solve }) => [`puzzle: ${title}`, () => traced(() => solve())])),
  "tutorial: vector add": () =>
    traced((x: Tensor, y: Tensor) => vectorAdd(x, y, { BLOCK: 1024 }), f32(3000), f32(3000)),
  "tutorial: softmax": () => traced(softmax, f32(13, 781)),
  "tutorial: matmul": () =>
    traced((a: Tensor, b: Tensor) => matmul(a, b, { ...blocks, GROUP: 3 }), f32(100, 7), f32(7, 70)),
  "tutorial: matmul with an activation": () =>
    traced(
      (a: Tensor, b: Tensor) => matmul(a, b, { ...blocks, GROUP: 2, ACTIVATION: "leaky relu" }),
      f32(100, 7),
      f32(7, 70),
    ),
  "tutorial: dropout": () => traced((x: Tensor) => dropout(x, 0.3, 123, { BLOCK: 256 }), f32(1000)),
  "tutorial: layer norm": () => traced(layerNorm, f32(70, 33), f32(33), f32(33)),
  "tutorial: layer norm, backward": () => traced(slopes(3, layerNorm), f32(70, 33), f32(33), f32(33)),
  "tutorial: attention": () => traced(makeAttention({ BM: 32, BN: 16, CAUSAL: true }), ...qkv),
  "tutorial: attention, backward": () => traced(slopes(3, makeAttention({ BM: 16, BN: 16, CAUSAL: false })), ...qkv),
  "tutorial: grouped matmul": () => {
    const { table, size } = group([
      [f32(17, 33), f32(33, 40)],
      [f32(5, 8), f32(8, 3)],
    ]);
    return traced(
      (a: Tensor, b: Tensor, t: Tensor) => groupedGemm(a, b, t, { BM: 16, BN: 16, BK: 16, SIZE: size }),
      f32(17 * 33 + 40),
      f32(33 * 40 + 24),
      table,
    );
  },
  "tutorial: persistent matmul": () =>
    traced((a: Tensor, b: Tensor) => persistentMatmul(a, b, { ...blocks, PROGRAMS: 4 }), f32(100, 7), f32(7, 70)),
};
