/** Primitives that rearrange elements. */
import { fail } from "../../diagnostics/error.js";
import { aval, printAval } from "../aval.js";
import { type Dim, dimAdd, dimAtLeast, dimEqual, dimFloorDiv, dimMul, dimProduct, dimSub, isStatic } from "../dim.js";
import type { MovementOps } from "../ops/index.js";
import type { Rules } from "../rules.js";
import {
  allWeak,
  bad,
  checkAxes,
  checkAxis,
  checkLength,
  checkRank,
  checkSizes,
  differ,
  printShape,
  sameDtype,
} from "./check.js";
import type { AbstractEvalKind } from "./index.js";

export const movement = {
  reshape: (ctx, [x], { shape }) => {
    checkSizes(ctx, shape);
    if (dimEqual(dimProduct(x.shape), dimProduct(shape)) === false) {
      fail(
        "TW2008",
        `reshape: ${printAval(x)} has ${String(dimProduct(x.shape))} elements, ${printShape(shape)} has ${String(dimProduct(shape))}`,
        {
          span: ctx.span,
          help: "the sizes must multiply to the same number; -1 in np.reshape works one out",
        },
      );
    }
    return [aval(shape, x.dtype, x.weak)];
  },
  transpose: (ctx, [x], { perm }) => {
    checkLength(ctx, "perm", perm, x.shape.length);
    checkAxes(ctx, perm, x.shape.length);
    return [
      aval(
        perm.map((p) => x.shape[p]),
        x.dtype,
        x.weak,
      ),
    ];
  },
  broadcast_in_dim: (ctx, [x], { shape, dims }) => {
    checkLength(ctx, "dims", dims, x.shape.length);
    checkSizes(ctx, shape);
    dims.forEach((d, i) => {
      checkAxis(ctx, d, shape.length);
      if (i > 0 && d <= dims[i - 1])
        bad(ctx, `dims must increase: [${dims.join(", ")}]`, "transpose the operand first");
      if (x.shape[i] !== 1 && differ(x.shape[i], shape[d])) {
        fail(
          "TW2002",
          `broadcast_in_dim: axis ${i} of ${printAval(x)} does not fit axis ${d} of ${printShape(shape)}`,
          { span: ctx.span, help: "sizes must be equal or 1" },
        );
      }
    });
    return [aval(shape, x.dtype, x.weak)];
  },
  slice: (ctx, [x], { start, limit, strides }) => {
    const rank = x.shape.length;
    checkLength(ctx, "start", start, rank);
    checkLength(ctx, "limit", limit, rank);
    checkLength(ctx, "strides", strides, rank);
    const shape = x.shape.map((n, i): Dim => {
      if (!(strides[i] >= 1 && Number.isInteger(strides[i])))
        bad(ctx, `stride ${strides[i]} on axis ${i}`, "strides are whole numbers from 1; rev turns an axis around");
      for (const end of [start[i], limit[i]])
        if (isStatic(end) && !Number.isInteger(end)) bad(ctx, `${end} on axis ${i}`, "both ends are whole numbers");
      if (
        dimAtLeast(start[i], 0) === false ||
        dimAtLeast(limit[i], start[i]) === false ||
        dimAtLeast(n, limit[i]) === false
      ) {
        fail("TW2009", `slice: [${String(start[i])}, ${String(limit[i])}) is not within axis ${i} of ${printAval(x)}`, {
          span: ctx.span,
          help: `0 ≤ start ≤ limit ≤ ${String(n)}`,
        });
      }
      const span = dimSub(limit[i], start[i]);
      return strides[i] === 1 ? span : dimFloorDiv(dimAdd(span, strides[i] - 1), strides[i]);
    });
    return [aval(shape, x.dtype, x.weak)];
  },
  pad: (ctx, [x, fill], { low, high, interior }) => {
    const rank = x.shape.length;
    checkLength(ctx, "low", low, rank);
    checkLength(ctx, "high", high, rank);
    checkLength(ctx, "interior", interior, rank);
    checkRank(ctx, fill, 0, "the fill");
    sameDtype(ctx, [x, fill]);
    const shape = x.shape.map((n, i): Dim => {
      if (interior[i] < 0) bad(ctx, `interior ${interior[i]} on axis ${i}`, "interior padding is 0 or more");
      // n elements with `interior` between each two
      const spread =
        interior[i] === 0
          ? n
          : typeof n === "number"
            ? n === 0
              ? 0
              : n + (n - 1) * interior[i]
            : dimAdd(n, dimMul(dimSub(n, 1), interior[i]));
      const size = dimAdd(dimAdd(low[i], spread), high[i]);
      if (dimAtLeast(size, 0) === false)
        bad(ctx, `axis ${i} of ${printAval(x)} would get size ${String(size)}`, "crop less");
      return size;
    });
    checkSizes(ctx, shape);
    return [aval(shape, x.dtype, x.weak)];
  },
  concatenate: (ctx, inputs, { axis }) => {
    if (inputs.length === 0) bad(ctx, "no operands");
    const [first] = inputs;
    checkAxis(ctx, axis, first.shape.length);
    sameDtype(ctx, inputs);
    let size: Dim = 0;
    for (const x of inputs) {
      if (x.shape.length !== first.shape.length || x.shape.some((d, i) => i !== axis && differ(d, first.shape[i]))) {
        fail("TW2001", `concatenate: ${inputs.map(printAval).join(" and ")} differ on an axis other than ${axis}`, {
          span: ctx.span,
          help: "all axes but the joined one must agree",
        });
      }
      size = dimAdd(size, x.shape[axis]);
    }
    return [
      aval(
        first.shape.map((d, i) => (i === axis ? size : d)),
        first.dtype,
        allWeak(inputs),
      ),
    ];
  },
  rev: (ctx, [x], { axes }) => {
    checkAxes(ctx, axes, x.shape.length);
    return [x];
  },
  iota: (ctx, inputs, { dtype, shape, axis }) => {
    if (inputs.length !== 0) bad(ctx, "takes no operands");
    if (dtype === "bool" || dtype === "key") bad(ctx, `cannot count in ${dtype}`);
    checkAxis(ctx, axis, shape.length);
    checkSizes(ctx, shape);
    return [aval(shape, dtype)];
  },
} satisfies Rules<MovementOps, AbstractEvalKind>;
