/** Programs with the control flow of TypeScript itself: values against plain JavaScript, batches, derivatives. */
import { grad, jit, numpy as np, type Tensor, vmap } from "tilework";
import { describe, expect, it } from "vitest";
import { expectClose } from "../api/helpers.js";
import { activate, KINDS } from "./activation.js";
import { beamSearch, beamStep, END } from "./beam.js";
import { collatz, countPrimes, depth, gcd, lowerBound } from "./integers.js";
import { kMeans } from "./kmeans.js";
import { escapeTime, height } from "./mandelbrot.js";
import { cubicRoot, newton } from "./newton.js";
import { oscillate } from "./ode.js";
import { batchLoss, clippedLoss } from "./ppo.js";
import { lstm, rnn } from "./recurrent.js";
import * as reference from "./reference.js";
import { expectBatch, expectGradient, expectTangent, f64, i32, plain, type Program, wave } from "./support.js";
import { type Layer, Transformer } from "./transformer.js";

describe("Newton's method", () => {
  const runs = [2, 9, 0.3, 1e4].map((a) => [f64(a)]);
  it("finds roots, in a batch too", () => {
    for (const [a] of runs) expectClose(newton(a), Math.sqrt(a.item()), 1e-9);
    expectBatch(newton, runs);
  });
  it("has a forward mode", () => expectTangent(newton, runs));
  it("has no reverse mode, and says so", () => {
    expect(() => grad(newton)(f64(2))).toThrow(/TW3003/);
  });
  it("has one through customRoot", () => {
    const few = [2, 10, -30].map((a) => [f64(a)]);
    for (const [a] of few) {
      const x = cubicRoot(a).item() as number;
      expectClose(x ** 3 + x, a.item(), 1e-8);
      expectClose(grad(cubicRoot)(a), 1 / (3 * x * x + 1), 1e-8);
    }
    expectBatch(cubicRoot, few);
    expectGradient(cubicRoot, few);
  });
});

describe("recurrent networks", () => {
  const rnnArgs = [1, 5, 9].map((s) => [
    { wx: wave([2, 3], s), wh: wave([3, 3], s + 1), b: wave([3], s + 2) },
    wave([6, 2], s + 3),
  ]);
  const lstmArgs = [1, 4].map((s) => [
    { wx: wave([2, 12], s), wh: wave([3, 12], s + 1), b: wave([12], s + 2) },
    wave([5, 2], s + 3),
  ]);
  it("RNN: a for over time", () => {
    for (const [p, xs] of rnnArgs) expectClose(rnn(p as never, xs as never), reference.rnn(plain(p), plain(xs)), 1e-9);
    expectBatch(rnn, rnnArgs);
    expectGradient((p, xs) => np.sum(np.square(rnn(p, xs))), rnnArgs);
  });
  it("LSTM: all states", () => {
    for (const [p, xs] of lstmArgs)
      expectClose(lstm(p as never, xs as never), reference.lstm(plain(p), plain(xs)), 1e-9);
    expectBatch(lstm, lstmArgs);
    expectGradient((p, xs) => np.sum(np.square(lstm(p, xs))), lstmArgs);
  });
});

describe("beam search", () => {
  const words = 5;
  const step = [1, 2, 3].map((s) => [f64([-0.5, -1, -3]), i32([s, END, 4]), wave([words, words], s).mul(2)]);
  it("a step keeps the best continuations", () => {
    for (const [scores, last, logits] of step)
      expectClose(beamStep(scores, last, logits), reference.beamStep(plain(scores), plain(last), plain(logits)), 1e-9);
    expectBatch(beamStep, step);
    expectGradient((scores, last, logits) => np.sum(np.square(beamStep(scores, last, logits).scores)), step);
  });
  it("all steps, until every sentence has ended", () => {
    const search: Program = (first, logits) => beamSearch(first, logits, 3, 8);
    const runs = [1, 2, 3].map((s) => [i32(s), wave([words, words], s).mul(2)]);
    for (const [first, logits] of runs)
      expectClose(search(first, logits), reference.beamSearch(plain(first), plain(logits), 3, 8), 1e-9);
    expectBatch(search, runs);
    expectGradient(search, runs);
  });
});

describe("the Mandelbrot set", () => {
  const outside = [
    [0.5, 0.5],
    [0.3, 0.6],
    [-0.8, 0.4],
    [0.26, 0.002],
    [1, 1],
  ].map((c) => c.map((x) => f64(x)));
  it("steps until it leaves", () => {
    const runs = [...outside, [f64(-1), f64(0.1)], [f64(2), f64(2)]];
    for (const [r, i] of runs) expect(escapeTime(r, i).item()).toBe(reference.escapeTime(plain(r), plain(i)));
    expectBatch(escapeTime, runs);
  });
  it("its height has a slope", () => {
    for (const [r, i] of outside) expectClose(height(r, i), reference.height(plain(r), plain(i)), 1e-8);
    expectBatch(height, outside);
    expectGradient(height, outside.slice(0, 3), 1e-3);
  });
});

describe("PPO's clipped loss", () => {
  const runs = [
    [-0.2, -0.5, 2],
    [-0.5, -0.4, 2],
    [-0.9, -0.5, -1.5],
    [-0.1, -0.7, -1.5],
    [-0.5, -0.45, -3],
  ].map((x) => x.map((v) => f64(v)));
  it("takes the way that the sample asks for", () => {
    for (const r of runs)
      expectClose(clippedLoss(r[0], r[1], r[2]), reference.clippedLoss(plain(r[0]), plain(r[1]), plain(r[2])), 1e-9);
    expectBatch(clippedLoss, runs);
    expectGradient(clippedLoss, runs);
  });
  it("means over a batch", () => {
    const batch = [0, 1, 2].map((i) => np.stack(runs.map((r) => r[i])));
    const each = runs.map((r) => reference.clippedLoss(plain(r[0]), plain(r[1]), plain(r[2])));
    expectClose(batchLoss(batch[0], batch[1], batch[2]), each.reduce((a, b) => a + b) / each.length, 1e-9);
    expectGradient(batchLoss, [batch]);
  });
});

describe("an ODE solver that chooses its steps", () => {
  const runs = [
    [[1, 0], 0.5, 0.93],
    [[0.3, -1], 1, 1.17],
    [[-1, 0.5], 0.2, 0.67],
  ].map(([y, mu, end]) => [f64(y as number[]), f64(mu as number), f64(end as number)]);
  const solve: Program = (y, mu, end) => oscillate(y, mu, end, f64(1e-3));
  it("agrees with the same in plain JavaScript, and with small steps", () => {
    for (const [y, mu, end] of runs) {
      expectClose(solve(y, mu, end), reference.oscillate(plain(y), plain(mu), plain(end), 1e-3), 1e-9);
      expectClose(oscillate(y, mu, end, f64(1e-4)), reference.rungeKutta(plain(y), plain(mu), plain(end)), 1e-3);
    }
    expectBatch(solve, runs);
  });
  it("has a gradient", () => {
    expectGradient((y, mu, end) => np.sum(np.square(solve(y, mu, end))), runs);
  });
});

describe("whole numbers", () => {
  it("Collatz", () => {
    const runs = [1, 6, 7, 27, 97].map((n) => [i32(n)]);
    expect(runs.map(([n]) => collatz(n).item())).toEqual([0, 8, 16, 111, 118]);
    expectBatch(collatz, runs);
  });
  it("binary search", () => {
    const sorted = f64([1, 3, 3, 5, 8, 13]);
    const runs = [0, 1, 3, 4, 13, 14].map((x) => [sorted, f64(x)]);
    expect(runs.map(([a, x]) => lowerBound(a, x).item())).toEqual([0, 0, 1, 3, 5, 6]);
    expectBatch(lowerBound, runs);
  });
  it("a state machine over a text", () => {
    const texts = ["((a)())", '(")))")', "())(", "((", '("\\")")', '"(((', "a+b", ")("];
    const runs = texts.map((t) => [i32([...t.padEnd(9)].map((c) => c.charCodeAt(0)))]);
    expect(runs.map(([t]) => depth(t).item())).toEqual(texts.map(reference.depth));
    expectBatch(depth, runs);
  });
  it("Euclid", () => {
    const runs = [
      [12, 18],
      [7, 0],
      [100, 75],
      [17, 5],
    ].map((r) => r.map((x) => i32(x)));
    expect(runs.map(([a, b]) => gcd(a, b).item())).toEqual([6, 7, 25, 1]);
    expectBatch(gcd, runs);
  });
  it("a sieve", () => {
    expect([10, 100].map((n) => (countPrimes(n) as unknown as Tensor).item())).toEqual([4, 25]);
  });
});

describe("an activation by its number", () => {
  const runs = KINDS.flatMap((_, k) => [-1.5, 0.7].map((x) => [i32(k), f64(x)]));
  it("switch", () => {
    for (const [k, x] of runs)
      expectClose(activate(k, x), reference.activate(KINDS[plain(k) as number], plain(x)), 1e-9);
    expectBatch(activate, runs);
    expectGradient(
      activate,
      runs.filter(([k, x]) => !(plain(k) === 1 && (plain(x) as number) < 0)),
    );
    expectClose(grad(activate, { argnums: 1 })(i32(1), f64(-1)), 0);
  });
});

describe("k-means until it has converged", () => {
  const points = (s: number): Tensor =>
    np.concatenate([wave([7, 2], s), wave([7, 2], s + 1).add(4), wave([6, 2], s + 2).sub(f64([3, -5]))], 0);
  const runs = [1, 2, 3].map((s) => [points(s), points(s).index("2:20:6")]);
  it("finds the centres", () => {
    for (const [xs, start] of runs) expectClose(kMeans(xs, start), reference.kMeans(plain(xs), plain(start)), 1e-6);
    expectBatch(kMeans, runs);
  });
  it("has a forward mode", () => {
    expectTangent((xs, start) => np.sum(np.square(kMeans(xs, start).centres)), runs);
  });
});

describe("a Transformer as a class", () => {
  const layer = (s: number): Layer => ({
    qkv: wave([4, 12], s).mul(0.5),
    out: wave([4, 4], s + 1).mul(0.5),
    up: wave([4, 8], s + 2).mul(0.5),
    down: wave([8, 4], s + 3).mul(0.5),
  });
  const runs = [1, 2, 3].map((s) => [wave([5, 4], s)]);
  const net = new Transformer([layer(1), layer(5), layer(9)], 2);
  it("agrees with plain loops", () => {
    for (const [x] of runs)
      expectClose(net.forward(x), reference.transformer(net.layers.map(plain), 2, plain(x)), 1e-8);
    expectBatch((x) => net.forward(x), runs);
  });
  it("has gradients in its input and its weights", () => {
    expectGradient((x) => np.sum(np.square(net.forward(x).index(4, ":2"))), runs);
    const loss: Program = (net: Transformer, x) => np.sum(np.square(net.forward(x).index(":", 0)));
    const models = [1, 2].map((s) => [new Transformer([layer(s), layer(s + 4)], 2), wave([5, 4], s)]);
    expectBatch(loss, models);
    expectGradient(loss, models);
  });
  it("compiles with its batch and gradient in one program", () => {
    const loss = (x: Tensor): Tensor => np.sum(np.square(net.forward(x).index(4, ":2")));
    const batch = np.stack(runs.map(([x]) => x));
    expectClose(jit(vmap(grad(loss)))(batch), np.stack(runs.map(([x]) => grad(loss)(x))), 1e-9);
  });
});
