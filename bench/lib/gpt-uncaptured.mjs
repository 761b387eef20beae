// The training step of examples/gpt without source capture: the same operations as methods and functions of tensors, which are
// traced by calling them.
import { jit, lax, nn, numpy as np, random, tree, valueAndGrad, vmap } from "../../dist/node/tilework.js";
import * as optim from "../../dist/node/tilework-optim.js";

function forward(params, tokens, heads) {
  const time = tokens.shape[1];
  let x = np.take(params.tokens, tokens, 0).add(lax.sliceInDim(params.positions, 0, time));
  for (const block of params.blocks) {
    const all = nn.linear(block.qkv, nn.layerNorm(block.attentionNorm, x));
    const parts = np.split(all, 3, -1);
    const [q, k, v] = parts.map((part) => part.reshape(...part.shape.slice(0, -1), heads, -1));
    const seen = nn.dotProductAttention(q, k, v, { causal: true });
    x = x.add(nn.linear(block.attentionOut, seen.reshape(...x.shape.slice(0, -1), -1)));
    const hidden = nn.gelu(nn.linear(block.networkIn, nn.layerNorm(block.networkNorm, x)));
    x = x.add(nn.linear(block.networkOut, hidden));
  }
  return np.dot(nn.layerNorm(params.finalNorm, x), params.tokens.T);
}

function lossOf(params, windows, heads) {
  const time = windows.shape[1] - 1;
  const tokens = lax.sliceInDim(windows, 0, time, 1, 1);
  return nn.crossEntropy(forward(params, tokens, heads), lax.sliceInDim(windows, 1, time + 1, 1, 1));
}

export function makeUncapturedStep(model, { batch, rate, steps }) {
  const warmup = Math.min(50, Math.ceil(steps / 10));
  const schedule = optim.warmupCosineDecaySchedule(0, rate, warmup, steps, rate / 20);
  const mask = (params) => tree.map((p) => p.ndim > 1, params);
  const adam = optim.adamw(schedule, { b2: 0.99, weightDecay: 0.1, mask });
  const optimizer = optim.chain(optim.clipByGlobalNorm(1), adam);
  return jit(
    function trainStep(state, text) {
      const [key, batchKey] = random.split(state.key);
      const length = model.context + 1;
      const starts = random.randint(batchKey, [batch], 0, text.size - length + 1);
      const windows = vmap((start) => lax.dynamicSliceInDim(text, start, length))(starts);
      const [loss, gradient] = valueAndGrad((params) => lossOf(params, windows, model.heads))(state.params);
      const [updates, optimizerState] = optimizer.update(gradient, state.optimizer, state.params);
      return [{ params: optim.applyUpdates(state.params, updates), optimizer: optimizerState, key }, loss];
    },
    { donate: 0 },
  );
}
