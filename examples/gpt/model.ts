/** A GPT: embeddings, blocks of attention and a two-layer network, each behind a layer norm and added to its input. */
import { type AsNums, lax, nn, type Num, num, numpy as np, random, type Tensor, tree } from "tilework";

export interface ModelConfig {
  readonly vocabulary: number;
  readonly layers: number;
  readonly heads: number;
  readonly features: number;
  readonly context: number;
}

/** As it is trained, or with weights that were rounded to few bits afterwards. */
export type Linear = nn.LinearParams | nn.QuantizedLinearParams;
export interface Block {
  attentionNorm: nn.NormParams;
  /** Queries, keys and values of all heads in one product. */
  qkv: Linear;
  attentionOut: Linear;
  networkNorm: nn.NormParams;
  networkIn: Linear;
  networkOut: Linear;
}
export interface Params {
  /** [vocabulary, features]: also gives the logits, as the product with its transpose. */
  tokens: Tensor;
  /** [context, features] */
  positions: Tensor;
  blocks: Block[];
  finalNorm: nn.NormParams;
}

/** The same in staged code, where arrays are numbers to TypeScript, and formulas are formulas. */
export type Weights = AsNums<Params>;

export function initParams(key: Tensor, config: ModelConfig): Params {
  const { features, layers } = config;
  const [tokenKey, positionKey, blockKey] = random.split(key, 3);
  const linear = (k: Tensor, from: number, to: number, scale = 1) =>
    nn.linear.init(k, from, to, { initializer: nn.initializers.normal(scale / Math.sqrt(from)), bias: false });
  // what is added to the stream 2 · layers times starts small, so that the sum of all keeps its scale
  const small = 1 / Math.sqrt(2 * layers);
  const initBlock = (k: Tensor): Block => {
    const [qkv, attentionOut, networkIn, networkOut] = random.split(k, 4);
    return {
      attentionNorm: nn.layerNorm.init(features),
      qkv: linear(qkv, features, 3 * features),
      attentionOut: linear(attentionOut, features, features, small),
      networkNorm: nn.layerNorm.init(features),
      networkIn: linear(networkIn, features, 4 * features),
      networkOut: linear(networkOut, 4 * features, features, small),
    };
  };
  return {
    tokens: random.normal(tokenKey, [config.vocabulary, features]).mul(0.1),
    positions: random.normal(positionKey, [config.context, features]).mul(0.02),
    blocks: [...random.split(blockKey, layers)].map(initBlock),
    finalNorm: nn.layerNorm.init(features),
  };
}

/** The trained weights of all blocks rounded to 8 or 4 bits; embeddings and norms stay what they are. */
export function quantize(params: Params, bits: 4 | 8): Params {
  const rounded = (p: Linear): Linear => {
    if (isQuantized(p)) return p;
    const { w, b } = p as nn.LinearParams;
    const rows = w.shape[0];
    // of 4 bits 32 rows share a scale, which keeps more of the weights than one scale for all
    const group = bits === 4 && rows % 32 === 0 ? 32 : rows;
    return nn.quantizedLinear.from(b ? { w, b } : { w }, { bits, group });
  };
  const blocks = params.blocks.map((block) => ({
    ...block,
    qkv: rounded(block.qkv),
    attentionOut: rounded(block.attentionOut),
    networkIn: rounded(block.networkIn),
    networkOut: rounded(block.networkOut),
  }));
  return { ...params, blocks };
}

function isQuantized(p: Linear | AsNums<Linear>): p is nn.QuantizedLinearParams {
  return Object.hasOwn(Object(p.w), "scale");
}

function linear(p: AsNums<Linear>, x: Stream) {
  return isQuantized(p) ? nn.quantizedLinear(p, x) : nn.linear(p as AsNums<nn.LinearParams>, x);
}

export function countParams(params: Params): number {
  return tree.reduce((sum, leaf) => sum + (leaf as Tensor).size, params as object, 0);
}

/** Logits of the next character at every place: [batch, time] → [batch, time, vocabulary]. */
export function forward(params: Weights, tokens: Num<["batch", "time"], "i32">, heads: number) {
  const time = np.size(tokens, 1);
  let x = np.take(params.tokens, tokens, 0) + np.index(params.positions, `:${time}`);
  for (const block of params.blocks) {
    const [q, k, v] = queriesKeysValues(block, x, heads);
    const seen = nn.dotProductAttention(q, k, v, { causal: true });
    x = x + linear(block.attentionOut, joinHeads(seen));
    x = x + network(block, x);
  }
  return np.dot(nn.layerNorm(params.finalNorm, x), np.transpose(params.tokens));
}

type Stream = Num<["...places", "features"]>;

/** [..., features] → three times [..., heads, features / heads]. */
function queriesKeysValues(block: Weights["blocks"][number], x: Stream, heads: number) {
  const all = linear(block.qkv, nn.layerNorm(block.attentionNorm, x));
  const places = np.shape(x).slice(0, -1);
  return np.split(all, 3, -1).map((part) => np.reshape(part, [...places, heads, -1]));
}

/** [..., heads, features / heads] → [..., features] */
function joinHeads(x: Num<["...places", "heads", "size"]>) {
  return np.reshape(x, [...np.shape(x).slice(0, -2), -1]);
}

function network(block: Weights["blocks"][number], x: Stream) {
  const hidden = nn.gelu(linear(block.networkIn, nn.layerNorm(block.networkNorm, x)));
  return linear(block.networkOut, hidden);
}

/** What a block remembers of the places before: [context, heads, features / heads] each. */
export interface BlockCache {
  keys: Tensor;
  values: Tensor;
}

export function initCache(config: ModelConfig): BlockCache[] {
  const shape = [config.context, config.heads, config.features / config.heads];
  return Array.from({ length: config.layers }, () => ({ keys: np.zeros(shape), values: np.zeros(shape) }));
}

/**
 * One more character: logits [vocabulary] of what follows `token`, which stands at `position`, and the cache with its keys and
 * values added. Costs one place's work instead of a whole window's.
 */
export function decode(
  { context, heads }: ModelConfig,
  params: Weights,
  cache: AsNums<BlockCache>[],
  token: Num<[], "i32">,
  position: Num<[], "i32">,
) {
  let x = np.index(params.tokens, token) + np.index(params.positions, position);
  const past = num(np.arange(context)) <= position;
  const grown: typeof cache = [];
  for (const [i, block] of params.blocks.entries()) {
    const [q, k, v] = queriesKeysValues(block, x, heads);
    const keys = lax.dynamicUpdateSliceInDim(cache[i].keys, np.expandDims(k, 0), position);
    const values = lax.dynamicUpdateSliceInDim(cache[i].values, np.expandDims(v, 0), position);
    // attention takes [batch, time, heads, features]: here one sequence, and one place that looks back
    const one = (t: Num) => np.expandDims(t, 0);
    const seen = nn.dotProductAttention(one(one(q)), one(keys), one(values), { mask: past });
    x = x + linear(block.attentionOut, np.ravel(seen));
    x = x + network(block, x);
    grown.push({ keys, values });
  }
  return [np.dot(nn.layerNorm(params.finalNorm, x), np.transpose(params.tokens)), grown] as const;
}
