/** Kernels, program by program in the order of the grid. What is not defined reads as NaN (or as the greatest integer). */
import { internal } from "../diagnostics/error.js";
import { isFloat, limits } from "../ir/dtype.js";
import type { AtomicOp, KernelOps } from "../ir/ops/index.js";
import type { Rules } from "../ir/rules.js";
import { stridesOf } from "../util/index.js";
import { type Element, full, generate, isBig, type NDArray, roundTo, zeros } from "./array.js";
import { maxOf, minOf } from "./arithmetic.js";
import type { InterpretKind } from "./rule.js";

/** What is read from memory that nothing was written to. */
export function undefinedArray(shape: readonly number[], dtype: NDArray["dtype"]): NDArray {
  if (dtype === "bool") return full(shape, dtype, 1);
  if (isFloat(dtype)) return full(shape, dtype, Number.NaN);
  if (dtype === "key") return full(shape, dtype, 0xffffffffffffffffn);
  return full(shape, dtype, limits(dtype).max);
}

/** Where lane i points, or -1 where the mask does not hold. */
function placesOf(
  ref: NDArray,
  rest: readonly NDArray[],
  masked: boolean,
): { readonly shape: readonly number[]; readonly at: (i: number) => number } {
  const rank = ref.shape.length;
  const index = rest.slice(0, rank);
  const mask = masked ? rest[rank] : null;
  const strides = stridesOf(ref.shape);
  const shape = index[0]?.shape ?? mask?.shape ?? [];
  return {
    shape,
    at(i) {
      if (mask && !mask.data[i]) return -1;
      let flat = 0;
      for (let a = 0; a < rank; a++) {
        const k = Number(index[a].data[i]);
        if (k < 0 || k >= ref.shape[a]) internal(`index ${k} on axis ${a} of [${ref.shape.join()}]`);
        flat += k * strides[a];
      }
      return flat;
    },
  };
}
const copy = (x: NDArray): NDArray => ({ ...x, data: x.data.slice() });

/** What an atomic operation leaves where `old` was. */
export function combined(op: AtomicOp, old: Element, value: Element, dtype: NDArray["dtype"]): Element {
  switch (op) {
    case "add":
      if (dtype === "bool") return Number(old) | Number(value);
      return typeof old === "bigint" ? old + (value as bigint) : old + (value as number);
    case "max":
      return maxOf(old, value);
    case "min":
      return minOf(old, value);
    case "and":
      return typeof old === "bigint" ? old & (value as bigint) : old & (value as number);
    case "or":
      return typeof old === "bigint" ? old | (value as bigint) : old | (value as number);
    case "xor":
      return typeof old === "bigint" ? old ^ (value as bigint) : old ^ (value as number);
    case "xchg":
      return value;
  }
}

export const kernel = {
  kernel_call: (ctx, operands, { body, grid, inits }) => {
    const sizes = grid.map(ctx.size);
    const reads = operands.slice(0, operands.length - inits.filter((x) => x).length);
    let next = reads.length;
    let outs = ctx.outputs.map((a, k) =>
      inits[k] ? operands[next++] : undefinedArray(a.shape.map(ctx.size), a.dtype),
    );
    const programs = sizes.reduce((a, b) => a * b, 1);
    for (let p = 0; p < programs; p++) {
      let rest = p;
      const ids = sizes.map(() => 0);
      for (let a = sizes.length - 1; a >= 0; a--) {
        ids[a] = rest % sizes[a];
        rest = Math.floor(rest / sizes[a]);
      }
      outs = ctx.interpret(body, [...reads, ...ids.map((i) => full([], "i32", i)), ...outs]);
    }
    return outs;
  },
  load: (_ctx, [ref, ...rest], { masked, other }) => {
    const { shape, at } = placesOf(ref, rest, masked);
    const otherwise = other ? rest[rest.length - 1].data[0] : isBig(ref.dtype) ? 0n : 0;
    return [
      generate(shape, ref.dtype, (i) => {
        const p = at(i);
        return p < 0 ? otherwise : ref.data[p];
      }),
    ];
  },
  store: (_ctx, [ref, value, ...rest], { masked }) => {
    const { at } = placesOf(ref, rest, masked);
    const out = copy(ref);
    value.data.forEach((x, i) => {
      const p = at(i);
      if (p >= 0) out.data[p] = x as never;
    });
    return [out];
  },
  atomic: (_ctx, [ref, value, ...rest], { op, masked }) => {
    const { at } = placesOf(ref, rest, masked);
    const out = copy(ref);
    const old = zeros(value.shape, value.dtype);
    value.data.forEach((x, i) => {
      const p = at(i);
      if (p < 0) return;
      old.data[i] = out.data[p];
      out.data[p] = roundTo(ref.dtype, combined(op, out.data[p], x, ref.dtype)) as never;
    });
    return [out, old];
  },
  atomic_cas: (_ctx, [ref, compare, value, ...rest], { masked }) => {
    const { at } = placesOf(ref, rest, masked);
    const out = copy(ref);
    const old = zeros(value.shape, value.dtype);
    value.data.forEach((x, i) => {
      const p = at(i);
      if (p < 0) return;
      old.data[i] = out.data[p];
      if (out.data[p] === compare.data[i]) out.data[p] = x as never;
    });
    return [out, old];
  },
  empty: (ctx, _inputs, { shape, dtype }) => [undefinedArray(shape.map(ctx.size), dtype)],
} satisfies Rules<KernelOps, InterpretKind>;
