/** Threefry, Philox and keys. */
import { printAval, aval } from "../aval.js";
import type { RandomOps } from "../ops/index.js";
import type { Rules } from "../rules.js";
import { accepts, bad, sameDtype, sameShape } from "./check.js";
import type { AbstractEvalKind } from "./index.js";

export const random = {
  threefry2x32: (ctx, inputs) => {
    if (inputs.length !== 4) bad(ctx, "takes two words of key and two of counter");
    sameShape(ctx, inputs);
    sameDtype(ctx, inputs);
    accepts(ctx, inputs[0], (d) => d === "u32", "u32 words");
    const out = aval(inputs[0].shape, "u32");
    return [out, out];
  },
  philox4x32: (ctx, inputs) => {
    if (inputs.length !== 6) bad(ctx, "takes four words of counter and two of key");
    sameShape(ctx, inputs);
    sameDtype(ctx, inputs);
    accepts(ctx, inputs[0], (d) => d === "u32", "u32 words");
    const out = aval(inputs[0].shape, "u32");
    return [out, out, out, out];
  },
  random_wrap: (ctx, [x]) => {
    accepts(ctx, x, (d) => d === "u32", "u32 words");
    if (x.shape[x.shape.length - 1] !== 2) bad(ctx, `a key has two words on the last axis, not ${printAval(x)}`);
    return [aval(x.shape.slice(0, -1), "key")];
  },
  random_unwrap: (ctx, [x]) => {
    accepts(ctx, x, (d) => d === "key", "PRNG keys");
    return [aval([...x.shape, 2], "u32")];
  },
} satisfies Rules<RandomOps, AbstractEvalKind>;
