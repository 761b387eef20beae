/** Optimisers. Expected numbers are PyTorch 1.13's, in f64, on inputs sin(k · i + phase). */
import { array, grad, jit, nn, numpy as np, type Tensor, tree, valueAndGrad } from "tilework";
import * as optim from "tilework/optim";
import { describe, expect, it } from "vitest";
import { codeOf } from "../api/helpers.js";
import { expectNear, ramp } from "../nn/goldens.js";

/** Ten steps down Σ w (p - c)² from (1, -2, 0.5). */
function descend(tx: optim.GradientTransformation, compiled: boolean): Tensor {
  const c = array([0.3, 0.1, -0.4], "f64");
  const w = array([1, 0.5, 3], "f64");
  const loss = (p: { a: Tensor }): Tensor => np.sum(w.mul(np.square(p.a.sub(c))));
  const step = (p: { a: Tensor }, state: unknown): [{ a: Tensor }, unknown] => {
    const [updates, next] = tx.update(grad(loss)(p), state, p);
    return [optim.applyUpdates(p, updates), next];
  };
  const run = compiled ? (jit(step) as typeof step) : step;
  let p = { a: array([1, -2, 0.5], "f64") };
  let state: unknown = tx.init(p);
  for (let i = 0; i < 10; i++) [p, state] = run(p, state);
  return p.a;
}

const CASES: readonly (readonly [string, optim.GradientTransformation, number[]])[] = [
  ["sgd", optim.sgd(0.05), [0.5440749, -1.157348, -0.3745772]],
  ["momentum", optim.sgd(0.05, { momentum: 0.9 }), [-0.1121526, 0.7529381, 0.09558974]],
  ["Nesterov's momentum", optim.sgd(0.05, { momentum: 0.9, nesterov: true }), [0.05739528, 0.6501842, -0.2983979]],
  ["adam", optim.adam(0.1), [0.1534526, -1.022935, -0.4069013]],
  ["adamw", optim.adamw(0.1, { weightDecay: 0.1 }), [0.1232341, -0.8807472, -0.4085925]],
  ["rmsprop", optim.rmsprop(0.05, { decay: 0.9, momentum: 0.5 }), [0.282915, -0.6365152, -0.416101]],
  ["adagrad", optim.adagrad(0.5), [0.3000112, -0.2554056, -0.3991531]],
  ["clipByGlobalNorm", optim.chain(optim.clipByGlobalNorm(1), optim.sgd(0.1)), [0.6879346, -1.470943, -0.2659166]],
  ["adam with a schedule", optim.adam(optim.cosineDecaySchedule(0.1, 8)), [0.5628349, -1.552465, 0.05832037]],
];

describe("ten steps", () => {
  it.each(CASES)("%s", (_, tx, expected) => expectNear(descend(tx, false), expected, 2e-6));
  it.each(CASES)("%s, compiled", (_, tx, expected) => expectNear(descend(tx, true), expected, 2e-6));
});

describe("transformations", () => {
  const params = { w: array([3, 4]), list: [array([[1]])] };
  const ones = { w: np.ones([2]), list: [np.ones([1, 1])] };
  it("keep the structure of the parameters", () => {
    const tx = optim.adamw(1e-3);
    const [updates] = tx.update(ones, tx.init(params), params);
    expect(tree.structure(updates).key).toBe(tree.structure(params).key);
  });
  it("globalNorm", () => expectNear(optim.globalNorm(params), Math.sqrt(26)));
  it("clipByGlobalNorm leaves small updates alone", () => {
    const [u] = optim.clipByGlobalNorm(10).update(params, null, params);
    expect(u.w.js()).toEqual([3, 4]);
  });
  it("clip", () => {
    const [u] = optim.clip(2).update(params, null, params);
    expect(u.w.js()).toEqual([2, 2]);
  });
  it("addDecayedWeights with a mask", () => {
    const tx = optim.addDecayedWeights(0.5, (p) => tree.map((x: Tensor) => x.ndim > 1, p));
    const [u] = tx.update(ones, tx.init(params), params);
    expect([u.w.js(), u.list[0].js()]).toEqual([[1, 1], [[1.5]]]);
  });
  it("lion steps by the sign", () => {
    const tx = optim.lion(0.1, { weightDecay: 0 });
    const [u] = tx.update({ a: array([2, -3]) }, tx.init({ a: array([0, 0]) }), { a: array([0, 0]) });
    expectNear(u.a, [-0.1, 0.1]);
  });
  it("narrow parameters keep their dtype", () => {
    const p = { a: array([1, 2], "f16") };
    const tx = optim.adam(optim.constantSchedule(0.5));
    const [u] = tx.update({ a: array([1, 1], "f16") }, tx.init(p), p);
    expect(optim.apply(p, u).a.dtype).toBe("f16");
  });
});

describe("schedules", () => {
  const at = (s: optim.ScheduleFunction, n = 8): Tensor =>
    np.stack(Array.from({ length: n }, (_, i) => s(array(i, "i32"))));
  it("constant", () => expectNear(at(optim.constantSchedule(0.3), 2), [0.3, 0.3]));
  it("cosine", () =>
    expectNear(
      at(optim.cosineDecaySchedule(1, 7, 0.1)),
      [1, 0.955436, 0.8305704, 0.6501344, 0.4498656, 0.2694296, 0.144564, 0.1],
    ));
  it("exponential", () => {
    expectNear(at(optim.exponentialDecay(1, 1, 0.9)), [1, 0.9, 0.81, 0.729, 0.6561, 0.59049, 0.531441, 0.4782969]);
    expectNear(
      at(optim.exponentialDecay(1, 2, 0.5, { staircase: true, transitionBegin: 1 }), 6),
      [1, 1, 1, 0.5, 0.5, 0.25],
    );
    expectNear(at(optim.exponentialDecay(1, 1, 0.5, { endValue: 0.3 }), 4), [1, 0.5, 0.3, 0.3]);
  });
  it("piecewise", () =>
    expectNear(at(optim.piecewiseConstantSchedule(1, { 2: 0.1, 5: 0.1 })), [1, 1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.01]));
  it("linear", () => expectNear(at(optim.linearSchedule(0.25, 1, 4)), [0.25, 0.4375, 0.625, 0.8125, 1, 1, 1, 1]));
  it("polynomial", () => expectNear(at(optim.polynomialSchedule(1, 0, 2, 4), 6), [1, 0.5625, 0.25, 0.0625, 0, 0]));
  it("warm-up, then cosine", () => {
    const cosine = (i: number): number => 0.1 + 0.9 * 0.5 * (1 + Math.cos((Math.PI * i) / 4));
    expectNear(at(optim.warmupCosineDecaySchedule(0, 1, 2, 6, 0.1)), [
      0,
      0.5,
      1,
      cosine(1),
      cosine(2),
      cosine(3),
      0.1,
      0.1,
    ]);
  });
  it("one after the other", () => {
    const joined = optim.joinSchedules([optim.constantSchedule(1), optim.linearSchedule(2, 4, 2)], [2]);
    expectNear(at(joined, 6), [1, 1, 2, 3, 4, 4]);
    expect(codeOf(() => optim.joinSchedules([optim.constantSchedule(1)], [2]))).toBe("TW2011");
  });
});

/** A network of 6, 8 and 3 units, 200 steps of Adam: the losses of steps 1, 2, 10, 50, 100, 150 and 200 in PyTorch. */
describe("training follows PyTorch", () => {
  const MARKS = [0, 1, 9, 49, 99, 149, 199];
  function losses(dtype: "f32" | "f64"): number[] {
    const x = ramp([48, 6], 2.399963).astype(dtype);
    const y = np.mod(np.round(x.index(":", 0).mul(2).add(x.index(":", 3))), 3).astype("i32");
    let params = {
      w1: ramp([6, 8], 1.37).mul(0.5).astype(dtype),
      b1: np.zeros([8], dtype),
      w2: ramp([8, 3], 0.73).mul(0.5).astype(dtype),
      b2: np.zeros([3], dtype),
    };
    const tx = optim.adam(0.01);
    let state: unknown = tx.init(params);
    const step = jit((p: typeof params, s: unknown, i: Tensor): [typeof params, unknown, Tensor] => {
      const rows = np.mod(np.arange(16).mul(5).add(i.mul(7)), 48);
      const [xs, ys] = [np.take(x, rows, 0), np.take(y, rows, 0, { mode: "clip" })];
      const loss = (q: typeof params): Tensor =>
        nn.crossEntropy(np.dot(nn.relu(np.dot(xs, q.w1).add(q.b1)), q.w2).add(q.b2), ys);
      const [value, g] = valueAndGrad(loss)(p);
      const [u, next] = tx.update(g, s, p);
      return [optim.applyUpdates(p, u), next, value];
    });
    const seen: number[] = [];
    for (let i = 0; i < 200; i++) {
      const [p, s, l] = step(params, state, array(i, "i32")) as unknown as [typeof params, unknown, Tensor];
      [params, state] = [p, s];
      seen.push(l.item() as number);
    }
    return MARKS.map((i) => seen[i]);
  }
  it("in f64 to 1e-6", () => {
    const expected = [1.094815781, 1.10611909, 1.061874298, 1.024469043, 0.8140248533, 0.7363424729, 0.6825439376];
    losses("f64").forEach((l, i) => expect(Math.abs(l - expected[i]), `mark ${i}`).toBeLessThan(1e-6));
  });
  it("in f32 to 1e-3", () => {
    const expected = [1.094816, 1.106119, 1.061874, 1.024469, 0.8140249, 0.7363425, 0.6825441];
    losses("f32").forEach((l, i) =>
      expect(Math.abs(l - expected[i]), `mark ${i}`).toBeLessThan(1e-3 * Math.max(expected[i], 0.05)),
    );
  });
});

describe("what programs of optax use besides", () => {
  const params = { w: array([1, -2], "f64"), b: array(0.5, "f64") };
  const grads = { w: array([3, -4], "f64"), b: array(12, "f64") };

  it("Adam that looks ahead has the numbers of its formula", () => {
    const [b1, b2, rate] = [0.9, 0.99, 0.1];
    const slope = (x: number): number => 2 * (x - 3);
    let [x, m, v] = [1, 0, 0];
    const tx = optim.adam(rate, { b1, b2, nesterov: true });
    let p = array(1, "f64");
    let state: unknown = tx.init(p);
    for (let t = 1; t <= 6; t++) {
      const g = slope(x);
      m = b1 * m + (1 - b1) * g;
      v = b2 * v + (1 - b2) * g * g;
      const ahead = (b1 * m) / (1 - b1 ** (t + 1)) + ((1 - b1) * g) / (1 - b1 ** t);
      x -= (rate * ahead) / (Math.sqrt(v / (1 - b2 ** t)) + 1e-8);
      const [updates, next] = tx.update(np.multiply(np.subtract(p, 3), 2), state);
      state = next;
      p = optim.applyUpdates(p, updates) as typeof p;
    }
    expect(p.item()).toBeCloseTo(x, 10);
  });
  it("sums and norms of trees", () => {
    expect(optim.treeSum(grads).item()).toBe(11);
    expect(optim.treeMax(grads).item()).toBe(12);
    expect(optim.treeNorm(grads).item()).toBe(13);
    expect(optim.treeNorm(grads, 1).item()).toBe(19);
    expect(optim.treeNorm(grads, Infinity).item()).toBe(12);
    expect(optim.treeNorm(grads, 2, true).item()).toBe(169);
    expect(codeOf(() => optim.treeNorm(grads, 3))).toBe("TW2011");
    expect(optim.treeZerosLike(params).w.js()).toEqual([0, 0]);
    expect(optim.treeOnesLike(params, "i32").b.dtype).toBe("i32");
  });
  it("losses and schedules", () => {
    expect(optim.squaredError(array([1, 2]), array([3, 1])).js()).toEqual([4, 1]);
    expect(optim.squaredError(array([1, 2])).js()).toEqual([1, 4]);
    expect(optim.l2Loss(array([1, 2]), array([3, 1])).js()).toEqual([2, 0.5]);
    const tx = optim.scaleBySchedule((count) => np.add(count, 1));
    const state: unknown = tx.init(params);
    const [first, next] = tx.update(grads, state);
    expect([first.b.item(), tx.update(grads, next)[0].b.item()]).toEqual([12, 24]);
    expect(optim.setToZero().update(grads, null)[0].w.js()).toEqual([0, 0]);
  });
});
