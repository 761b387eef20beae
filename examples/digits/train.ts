/** Training and testing of one model. A step is one compiled program: it cuts its batch out of the data itself. */
import { jit, lax, nn, numpy as np, random, type Tensor, valueAndGrad } from "tilework";
import * as optim from "tilework/optim";
import { type Digits, SIDE } from "./data.js";
import { generator } from "./draw.js";
import type { Model } from "./models.js";

export interface TrainOptions {
  readonly steps: number;
  readonly batch: number;
  readonly seed: number;
  readonly onStep?: (step: number, loss: number) => void;
}

/** The n × 28 × 28 bytes on the device, with a dark border of `shift` pixels so that windows can move. */
function upload(digits: Digits, shift: number): Tensor {
  const images = np.array(digits.images, { shape: [digits.count, SIDE, SIDE] });
  return shift === 0 ? images : np.pad(images, [[0, 0], [shift, shift], [shift, shift]]); // biome-ignore format: three axes
}

/** The windows of 28 × 28 that stand at `places` [batch, 3]: image, row, column. Grey values from 0 to 1. */
export function windows(images: Tensor, places: Tensor): Tensor {
  const bytes = lax.gather(images, places, {
    dims: {
      offsetDims: [1, 2],
      collapsedSliceDims: [0],
      operandBatchingDims: [],
      startIndicesBatchingDims: [],
      startIndexMap: [0, 1, 2],
    },
    sliceSizes: [1, SIDE, SIDE],
    mode: "clip",
  });
  return bytes.astype("f32").mul(1 / 255);
}

/** The images of an epoch after the other, each time in another order. */
function* shuffled(count: number, next: () => number): Generator<number> {
  const order = Int32Array.from({ length: count }, (_, i) => i);
  for (;;) {
    for (let i = count - 1; i > 0; i--) {
      const j = Math.floor(next() * (i + 1));
      [order[i], order[j]] = [order[j], order[i]];
    }
    yield* order;
  }
}

export async function train<P extends object>(model: Model<P>, digits: Digits, options: TrainOptions): Promise<P> {
  const { steps, batch, seed } = options;
  const images = upload(digits, model.shift);
  const labels = np.array(digits.labels).astype("i32");
  const optimizer = optim.adam(optim.cosineDecaySchedule(model.learningRate, steps, 0.01));

  const step = jit(
    function trainStep(state: { params: P; optimizer: unknown }, places: Tensor) {
      const x = windows(images, places);
      const y = np.take(labels, places.index(":", 0), 0, { mode: "clip" });
      const lossOf = (params: P): Tensor => nn.crossEntropy(model.apply(params, x), y);
      const [loss, gradient] = valueAndGrad(lossOf)(state.params as never);
      const [updates, next] = optimizer.update(gradient, state.optimizer, state.params);
      return [{ params: optim.applyUpdates(state.params, updates) as P, optimizer: next as unknown }, loss] as const;
    },
    { donate: 0 },
  );

  const params = jit(model.init)(random.key(seed)) as P;
  let state = { params, optimizer: optimizer.init(params) as unknown };
  const next = generator(seed + 1);
  const order = shuffled(digits.count, next);
  const place = (): number => Math.floor(next() * (2 * model.shift + 1));
  for (let i = 1; i <= steps; i++) {
    const places = new Int32Array(batch * 3);
    for (let k = 0; k < batch; k++) places.set([order.next().value as number, place(), place()], 3 * k);
    const [after, loss] = step(state as never, np.array(places, { shape: [batch, 3] })) as unknown as [
      typeof state,
      Tensor,
    ];
    state = after;
    options.onStep?.(i, loss.item() as number);
    // lets Ctrl-C and timers in
    if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return state.params;
}

/** The share of digits that the model names rightly. */
export function accuracy<P extends object>(model: Model<P>, params: P, digits: Digits, batch = 500): number {
  const images = np.array(digits.images, { shape: [digits.count, SIDE, SIDE] });
  const labels = np.array(digits.labels).astype("i32");
  const right = jit(function countRight(p: P, from: Tensor, x: Tensor, y: Tensor) {
    const rows = np.minimum(np.add(from, np.arange(batch)), digits.count - 1);
    const part = np
      .take(x, rows, 0, { mode: "clip" })
      .astype("f32")
      .mul(1 / 255);
    const named = np.argmax(model.apply(p, part), -1);
    const inside = np.less(np.add(from, np.arange(batch)), digits.count);
    return np.sum(np.logicalAnd(np.equal(named, np.take(y, rows, 0, { mode: "clip" })), inside));
  });
  let sum = 0;
  for (let from = 0; from < digits.count; from += batch) {
    sum += right(params as never, np.array(from, "i32"), images, labels).item() as number;
  }
  return sum / digits.count;
}
