// What a small container runs: training, a large product, many arrays that nobody gives back, a fresh cache folder.
import { totalmem } from "node:os";

const { array, grad, init, jit, memoryStats, numpy: np, tree } = await import(process.argv[2]);
const { threads } = await init();
const random = Float32Array.from({ length: 256 * 64 }, (_, i) => Math.sin(i));
const x = array(random).reshape(256, 64);
const y = np.sin(x.sum(1));
const layers = [64, 128, 128, 1];
let params = layers.slice(1).map((n, i) => ({
  w: array(Float32Array.from({ length: layers[i] * n }, (_, k) => Math.sin(k * 1.7 + i) / 8)).reshape(layers[i], n),
  b: np.zeros([n]),
}));
const loss = (ps) => {
  let h = x;
  ps.forEach(({ w, b }, i) => {
    h = np.dot(h, w).add(b);
    if (i < ps.length - 1) h = np.tanh(h);
  });
  return np.square(h.reshape(256).sub(y)).mean();
};
const step = jit((ps) => tree.map((p, g) => p.sub(g.mul(0.004)), ps, grad(loss)(ps)), { donate: 0 });
const before = loss(params).item();
for (let i = 0; i < 200; i++) params = step(params);
const after = loss(params).item();
const big = np.ones([1024, 1024]);
const product = jit((a) => np.dot(a, a).sum())(big).item();
// 2 GB in all, never disposed, without a turn of the event loop
for (let i = 0; i < 512; i++) np.ones([1024, 1024]).mul(i);
const kept = big.sum().item();
console.log(
  JSON.stringify({
    threads,
    before,
    after,
    product,
    kept,
    heap: memoryStats().memoryBytes,
    rss: process.memoryUsage().rss,
    machine: totalmem(),
  }),
);
