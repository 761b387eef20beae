/** Writing: one character after the other, each drawn from what the model expects next. */
import { type AsNums, jit, type Num, num, numpy as np, random, type Tensor, tensor } from "tilework";
import { type BlockCache, decode, initCache, type ModelConfig, type Params, type Weights } from "./model.js";

interface Stream {
  cache: BlockCache[];
  position: Tensor;
  key: Tensor;
}

export interface SampleOptions {
  readonly seed: number;
  /** 0 (or next to it, where the division would overflow) always takes the likeliest character, 1 draws from the model's own distribution. */
  readonly temperature: number;
  readonly count: number;
}

/** Yields the characters (as numbers) that follow the prompt. */
export function* generate(
  model: ModelConfig,
  params: Params,
  prompt: Int32Array,
  { seed, temperature, count }: SampleOptions,
): Generator<number> {
  const nextCharacter = jit(
    function nextCharacter(params: Weights, { cache, position, key }: AsNums<Stream>, token: Num<[], "i32">) {
      const [logits, grown] = decode(model, params, cache, token, position);
      const [nextKey, drawKey] = random.split(key);
      const drawn =
        temperature < 1e-4 ? np.argmax(logits) : num(random.categorical(drawKey, tensor(logits / temperature)));
      return [{ cache: grown, position: position + 1, key: nextKey }, drawn] as const;
    },
    { donate: 1 },
  );

  const read: number[] = [];
  let stream = newStream(model, random.key(seed));
  let room = model.context;
  const feed = (token: number): Tensor => {
    const [next, drawn] = nextCharacter(params, stream, np.array(token, "i32"));
    stream = next;
    room--;
    read.push(token);
    return drawn;
  };
  const feedAll = (tokens: readonly number[]): Tensor => tokens.map(feed)[tokens.length - 1];

  let drawn = feedAll([...prompt].slice(-model.context));
  for (let i = 0; i < count; i++) {
    const token = drawn.item() as number;
    yield token;
    if (room === 0) {
      // the positions are used up: begin again with the latter half of what was read
      const kept = read.splice(0).slice(-Math.floor(model.context / 2));
      stream = newStream(model, stream.key);
      room = model.context;
      feedAll(kept);
    }
    drawn = feed(token);
  }
}

function newStream(model: ModelConfig, key: Tensor): Stream {
  return { cache: initCache(model), position: np.array(0, "i32"), key };
}
