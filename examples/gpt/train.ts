/** The training step: one compiled function from state and text to the next state and the loss. */
import { jit, lax, nn, type Num, num, numpy as np, random, type Tensor, tree, valueAndGrad, vmap } from "tilework";
import * as optim from "tilework/optim";
import { forward, initParams, type ModelConfig, type Params, type Weights } from "./model.js";
import { UserError } from "./options.js";

/** Everything that training changes. */
export interface TrainState {
  params: Params;
  optimizer: optim.Tree;
  /** Decides which windows of the text come next. */
  key: Tensor;
}

export interface TrainConfig {
  readonly batch: number;
  /** The learning rate after its warm-up. */
  readonly rate: number;
  /** Of the whole run: the learning rate has fallen to a twentieth by then. */
  readonly steps: number;
}

function optimizerOf({ rate, steps }: TrainConfig): optim.GradientTransformation {
  const warmup = Math.min(50, Math.ceil(steps / 10));
  const schedule = optim.warmupCosineDecaySchedule(0, rate, warmup, steps, rate / 20);
  return optim.chain(optim.clipByGlobalNorm(1), optim.adamw(schedule, { b2: 0.99, weightDecay: 0.1, mask: matrices }));
}

/** Weight decay is for matrices; the scales and shifts of norms keep their size. */
const matrices = (params: Params): unknown => tree.map((p) => p.ndim > 1, params);

export function initState(seed: number, model: ModelConfig, config: TrainConfig): TrainState {
  const [paramsKey, key] = random.split(random.key(seed));
  const params = jit(() => initParams(paramsKey, model))();
  return { params, optimizer: optimizerOf(config).init(params), key };
}

/** Mean cross-entropy of the next characters, in nats. */
export function lossOf(params: Weights, windows: Num<["batch", "time"], "i32">, heads: number) {
  const tokens = np.index(windows, ":", ":-1");
  const following = np.index(windows, ":", "1:");
  return nn.crossEntropy(forward(params, tokens, heads), following);
}

/** `trainStep(state, text) → [next state, loss]`. The state is donated: its memory becomes the next state's. */
export function makeTrainStep(model: ModelConfig, config: TrainConfig) {
  const optimizer = optimizerOf(config);
  function trainStep(state: TrainState, text: Tensor): [TrainState, Tensor] {
    const [key, batchKey] = random.split(state.key);
    const windows = randomWindows(batchKey, text, config.batch, model.context + 1);
    const lossOfWindows = (weights: Weights) => lossOf(weights, num(windows), model.heads);
    const [loss, gradient] = valueAndGrad(lossOfWindows)(state.params);
    const [updates, optimizerState] = optimizer.update(gradient, state.optimizer, state.params);
    const params = optim.applyUpdates(state.params, updates) as Params;
    return [{ params, optimizer: optimizerState, key }, loss];
  }
  return jit(trainStep, { donate: 0 });
}

function randomWindows(key: Tensor, text: Tensor, count: number, length: number): Tensor {
  const starts = random.randint(key, [count], 0, text.size - length + 1);
  return vmap((start: Tensor) => lax.dynamicSliceInDim(text, start, length))(starts);
}

/** The loss over a text: in windows side by side, each of which is read without what came before it. */
export function makeEvaluation(model: ModelConfig): (params: Params, text: Int32Array) => number {
  const batchLoss = jit(function heldOutLoss(params: Weights, windows: Num<["batch", "time"], "i32">) {
    return lossOf(params, windows, model.heads);
  });
  return (params, text) => {
    const count = Math.floor((text.length - 1) / model.context);
    if (count === 0) throw new UserError("The held-out text is shorter than the context; use a longer text.");
    const rows = Math.min(16, count);
    let sum = 0;
    const batches = Math.floor(count / rows);
    for (let b = 0; b < batches; b++) {
      const windows = sideBySide(text, b * rows, rows, model.context);
      sum += batchLoss(params, np.array(windows).reshape(rows, -1)).item() as number;
    }
    return sum / batches;
  };
}

/** Windows that begin `context` characters apart and overlap by one: each predicts every character but its first. */
function sideBySide(text: Int32Array, first: number, rows: number, context: number): Int32Array {
  const windows = new Int32Array(rows * (context + 1));
  for (let r = 0; r < rows; r++) {
    const from = (first + r) * context;
    windows.set(text.subarray(from, from + context + 1), r * (context + 1));
  }
  return windows;
}
