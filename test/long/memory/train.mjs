// Trains a small model for many steps in one style and reports memory as JSON. Arguments: style, mode, steps.
//   style: "sync" (no await at all), "data" (await x.data() in every step), "timer" (a timer between steps)
//   mode: "eager", "jit"
// Nothing is donated and nothing disposed: what the steps leave behind must be collected by itself.
import { setTimeout as sleep } from "node:timers/promises";
import { array, grad, jit, memoryStats, numpy as np, tree, valueAndGrad } from "../../../dist/index.js";

const [style, mode, count] = process.argv.slice(2);
const steps = Number(count);

const x = array([
  [0, 1],
  [1, 0],
  [1, 1],
  [0, 0],
]);
const y = array([[1], [1], [0], [0]]);
let params = {
  w1: array([
    [0.5, -0.4, 0.3],
    [-0.2, 0.6, 0.1],
  ]),
  b1: np.zeros([3]),
  w2: array([[0.7], [-0.5], [0.2]]),
};
const loss = (p) => np.tanh(np.dot(x, p.w1).add(p.b1)).matmul(p.w2).sub(y).square().mean();
const plain = (p) => {
  const [value, g] = valueAndGrad(loss)(p);
  return [value, tree.map((w, d) => w.sub(d.mul(0.1)), p, g)];
};
// eager work is op by op: a smaller model keeps the run short
let w = array([0.5, -0.5]);
const target = array([1, 2]);
const small = (v) => v.sub(target).square().sum();

const jitted = jit(plain);
const samples = [];
const every = Math.max(1, Math.floor(steps / 40));
// what is held shows after a collection (--expose-gc); it runs no finalizer
function sample() {
  const { rss } = process.memoryUsage();
  globalThis.gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  const { memoryBytes: wasm, residentArrays: resident } = memoryStats();
  samples.push({ rss, heapUsed, arrayBuffers, wasm, resident });
}
function step() {
  if (mode === "jit") {
    const [value, next] = jitted(params);
    params = next;
    return value;
  }
  const g = grad(small)(w);
  w = w.sub(g.mul(0.001));
  return g;
}

const start = performance.now();
let last;
for (let i = 0; i < steps; i++) {
  last = step();
  if (style === "data") last = { values: await last.data() };
  // a timer takes a millisecond or more: one in ten steps is enough to let the event loop run
  if (style === "timer" && i % 10 === 0) await sleep(0);
  if (i % every === 0) sample();
}
sample();
const values = style === "data" ? last.values : last.dataSync();
console.log(
  JSON.stringify({ seconds: (performance.now() - start) / 1000, finite: Number.isFinite(values[0]), samples }),
);
