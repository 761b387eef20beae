import { aval, printAval } from "../aval.js";
import type { SortOps } from "../ops/index.js";
import type { Rules } from "../rules.js";
import { accepts, bad, checkAxis, sameShape } from "./check.js";
import type { AbstractEvalKind } from "./index.js";

export const sort = {
  sort: (ctx, inputs, { axis, numKeys }) => {
    if (inputs.length === 0) bad(ctx, "no operands");
    sameShape(ctx, inputs);
    checkAxis(ctx, axis, inputs[0].shape.length);
    if (numKeys < 1 || numKeys > inputs.length) bad(ctx, `${numKeys} keys among ${inputs.length} operands`);
    for (const x of inputs.slice(0, numKeys)) accepts(ctx, x, (d) => d !== "key", "numbers or bools as keys");
    return inputs.map((x) => aval(x.shape, x.dtype));
  },
  top_k: (ctx, [x], { k }) => {
    accepts(ctx, x, (d) => d !== "key", "numbers");
    if (x.shape.length === 0) bad(ctx, "a scalar has no last axis");
    const n = x.shape[x.shape.length - 1];
    if (!(k >= 0) || !Number.isInteger(k) || (typeof n === "number" && k > n))
      bad(ctx, `k = ${k} of the last axis of ${printAval(x)}`, "k is at most the size of the last axis");
    const shape = [...x.shape.slice(0, -1), k];
    return [aval(shape, x.dtype), aval(shape, "i32")];
  },
} satisfies Rules<SortOps, AbstractEvalKind>;
