/**
 * What samplers draw from: a key together with the order of its counters. A sampler is written once and works with both
 * orders, because the order travels with the source and not in a global setting, which compiled code could not see change.
 */
import type { Like, Num } from "../tracer/num.js";
import { fail } from "../diagnostics/error.js";
import { printAval } from "../ir/aval.js";
import type { Shape } from "../ir/dim.js";
import type { Program } from "../ir/program.js";
import * as lax from "../lax/index.js";
import { isTensor } from "../lax/operand.js";
import { bind1, isTracing } from "../tracer/frame.js";
import { describeValue } from "../tracer/leaf.js";
import type { Tensor } from "../tracer/tensor.js";
import { traceFlat } from "../tracer/trace.js";
import * as tree from "../tree/index.js";
import { LruMap } from "../util/index.js";
import { type BitWidth, type Engine, LEGACY, PARTITIONABLE, type Words } from "./threefry.js";

/** One key, or one for each element of an array of keys (then results get the array's shape in front). */
export class Source {
  constructor(
    readonly engine: Engine,
    readonly words: Words,
    /** The key came as two u32 words, and so do keys made from it. */
    readonly raw = false,
  ) {}

  /** `n` independent sources. */
  split(n = 2): Source[] {
    const { k0, k1 } = this.splitTo([n]).words;
    const axis = k0.ndim - 1;
    const part = (x: Tensor, i: number): Tensor => lax.squeeze(lax.sliceInDim(x, i, i + 1, 1, axis), [axis]);
    return Array.from({ length: n }, (_, i) => new Source(this.engine, { k0: part(k0, i), k1: part(k1, i) }, this.raw));
  }
  /** A source for each element of an array of this shape. */
  splitTo(shape: Shape): Source {
    return new Source(this.engine, this.engine.split(this.words, shape), this.raw);
  }
  bits(width: BitWidth, shape: Shape): Tensor {
    return this.engine.bits(this.words, width, shape);
  }
  /** The key that this source stands for, in the form in which the user's came. */
  toKey(): Tensor {
    const { k0, k1 } = this.words;
    const last = k0.ndim;
    const words = lax.concatenate([lax.expandDims(k0, [last]), lax.expandDims(k1, [last])], last);
    return this.raw ? words : bind1("random_wrap", [words], {});
  }
}

/** The words of a key or of an array of keys, typed or raw. */
export function wordsOf(what: string, key: unknown): { words: Words; raw: boolean } {
  if (!isTensor(key)) {
    return fail("TW1003", `random.${what}: the key is ${describeValue(key)}`, {
      help: "make one with random.key(seed)",
    });
  }
  const t: Tensor = key;
  const raw = t.aval.dtype === "u32" && t.ndim >= 1 && t.shape[t.ndim - 1] === 2;
  if (t.aval.dtype !== "key" && !raw) {
    fail("TW2005", `random.${what}: the first argument must be a key, not ${printAval(t.aval)}`, {
      help: "make one with random.key(seed); two u32 words are accepted too",
    });
  }
  const words = raw ? t : bind1("random_unwrap", [t], {});
  const last = words.ndim - 1;
  const word = (i: number): Tensor => lax.squeeze(lax.sliceInDim(words, i, i + 1, 1, last), [last]);
  return { words: { k0: word(0), k1: word(1) }, raw };
}

export function sourceOf(what: string, key: unknown, engine: Engine): Source {
  const { words, raw } = wordsOf(what, key);
  if (words.k0.ndim > 0) {
    fail(
      "TW2007",
      `random.${what}: takes one key, was given an array of keys of shape [${words.k0.shape.join(", ")}]`,
      {
        help: `take one of them, or map over all: vmap((key) => random.${what}(key, …))(keys)`,
      },
    );
  }
  return new Source(engine, words, raw);
}

/** A function of a key, and the same with the older order of counters. */
export interface Sampler<A extends unknown[], R> {
  <K extends Tensor | number>(key: K, ...args: A): Drawn<K, R>;
  /** As JAX with `jax_threefry_partitionable=False`. */
  readonly legacy: <K extends Tensor | number>(key: K, ...args: A) => Drawn<K, R>;
}
/** Numbers drawn with a key that is a `Num` are one, too. */
type Drawn<K, R> = Like<K> extends Tensor ? R : Num;

interface Ready {
  readonly program: Program<"core">;
  readonly captures: readonly Tensor[];
}
/** Programs of samplers that are called outside of any trace: each call is then one compiled program, not one for each operation. */
const ready = new LruMap<string, Ready>(512);

const describe = (x: unknown): string =>
  isTensor(x) ? printAval(x.aval) : `${typeof x} ${Object.is(x, -0) ? "-0" : String(x)}`;

function runWhole<A extends unknown[]>(
  name: string,
  engine: Engine,
  draw: (source: Source, ...args: A) => Tensor,
  all: readonly unknown[],
): Tensor {
  const { leaves, treedef } = tree.flatten(all);
  const tensors = leaves.filter(isTensor) as Tensor[];
  const id = [name, engine.name, String(treedef), ...leaves.map(describe)].join("|");
  let known = ready.get(id);
  if (!known) {
    known = traceFlat(
      (...traced) => {
        let next = 0;
        const [key, ...args] = tree.unflatten(
          treedef,
          leaves.map((x) => (isTensor(x) ? traced[next++] : x)),
        ) as [Tensor, ...A];
        return [draw(sourceOf(name, key, engine), ...args)];
      },
      tensors.map((t) => t.aval),
      { kind: "jit", name },
    );
    ready.set(id, known);
  }
  return bind1("call", [...known.captures, ...tensors], { program: known.program, name });
}

/** `finish` is what becomes of the result outside of the program. */
export function sampler<A extends unknown[], R extends Tensor = Tensor>(
  name: string,
  draw: (source: Source, ...args: A) => Tensor,
  finish: (x: Tensor) => R = (x) => x as R,
): Sampler<A, R> {
  const by =
    (engine: Engine) =>
    (key: Tensor, ...args: A): R =>
      finish(isTracing() ? draw(sourceOf(name, key, engine), ...args) : runWhole(name, engine, draw, [key, ...args]));
  const modern = by(PARTITIONABLE);
  const legacy = by(LEGACY);
  // errors of jit and vmap name the function
  for (const f of [modern, legacy]) Object.defineProperty(f, "name", { value: name });
  return Object.assign(modern, { legacy }) as Sampler<A, R>;
}
