/** Solves the puzzles and runs the tutorials, and says how far each is from what plain loops or the library give. `npm run kernels` */
import { grad, nn, numpy as np, random, type Tensor } from "tilework";
import { puzzles } from "./puzzles/index.js";
import { makeAttention } from "./tutorials/attention.js";
import { softmax } from "./tutorials/softmax.js";
import { vectorAdd } from "./tutorials/vector-add.js";
import { matmul } from "./tutorials/matmul.js";

function distance(got: ArrayLike<number>, want: readonly number[]): number {
  if (got.length !== want.length) return Number.POSITIVE_INFINITY;
  const scale = Math.max(1, ...want.map(Math.abs));
  // what is no number is as wrong as can be
  const errors = want.map((v, i) => (Number.isNaN(got[i]) ? Number.POSITIVE_INFINITY : Math.abs(v - got[i])));
  return Math.max(0, ...errors) / scale;
}

let wrong = 0;
function report(title: string, error: number): void {
  const right = error < 1e-5;
  if (!right) wrong++;
  console.log(`${right ? "right" : "WRONG"}  ${title.padEnd(40)} error ${error.toExponential(1)}`);
}

for (const [i, { title, solve, want }] of puzzles().entries())
  report(`${i + 1}. ${title}`, distance(await solve().data(), want()));

async function same(title: string, got: Tensor, want: Tensor): Promise<void> {
  report(title, distance(await got.data(), [...(await want.data())]));
}
const normal = (seed: number, ...shape: number[]): Tensor => random.normal(random.key(seed), shape);
const [x, y] = [normal(1, 98_432), normal(2, 98_432)];
await same("vector addition", vectorAdd(x, y, { BLOCK: 1024 }), x.add(y));
const rows = normal(3, 100, 781);
await same("softmax", softmax(rows), nn.softmax(rows));
const [a, b] = [normal(4, 129, 65), normal(5, 65, 200)];
await same("matrix product", matmul(a, b, { BM: 32, BN: 64, BK: 32, GROUP: 2 }), np.dot(a, b));
const [q, k, v] = [6, 7, 8].map((seed) => normal(seed, 2, 100, 16));
const fused = makeAttention({ BM: 32, BN: 32, CAUSAL: false });
const plain = (q: Tensor, k: Tensor, v: Tensor): Tensor =>
  np.einsum("hij,hjd->hid", nn.softmax(np.einsum("hid,hjd->hij", q, k).div(4)), v);
await same("attention", fused(q, k, v), plain(q, k, v));
const through = (f: typeof plain): Tensor => grad((u: Tensor) => f(u, k, v).square().sum())(q);
await same("the gradient of attention", through(fused), through(plain));

process.exitCode = wrong === 0 ? 0 : 1;
