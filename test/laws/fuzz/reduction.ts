/** Templates that reduce, accumulate or slide a window. */
import { isStatic, isStaticShape } from "../../../src/ir/dim.js";
import { isFloat, isInt } from "../../../src/ir/dtype.js";
import { LARGEST } from "./bounds.js";
import type { ProgramMaker, Value } from "../fuzz-program.js";
import type { Template } from "./templates.js";

const number = (v: Value): boolean => isFloat(v.atom.aval.dtype) || isInt(v.atom.aval.dtype);
const rankOf = (v: Value): number => v.atom.aval.shape.length;
/** Elements at most: a symbol stands for at most 5. */
const count = (v: Value): number => v.atom.aval.shape.reduce<number>((n, d) => n * (isStatic(d) ? d : 5), 1);
const someAxes = (m: ProgramMaker, v: Value): number[] =>
  v.atom.aval.shape.map((_, i) => i).filter(() => m.rng.chance(0.6));
const pressed = (m: ProgramMaker, v: Value, limit: number): Value =>
  isFloat(v.atom.aval.dtype) ? m.squash(v, limit) : v;
const neverEmpty = (v: Value): boolean => v.atom.aval.shape.every((d) => d !== 0);

export const reduction: readonly Template[] = [
  {
    name: "reduce_sum",
    weight: 1,
    make(m) {
      const x = m.find((v) => number(v) && rankOf(v) >= 1);
      if (!x) return false;
      const y = pressed(m, x, LARGEST / Math.max(1, count(x)));
      m.keep(m.b.emit1("reduce_sum", [y.atom], { axes: someAxes(m, y) }), y.bound * Math.max(1, count(x)));
      return true;
    },
  },
  {
    name: "reduce_prod",
    weight: 0.2,
    make(m) {
      const x = m.find((v) => number(v) && rankOf(v) >= 1 && count(v) <= 12);
      if (!x) return false;
      const y = pressed(m, x, 1);
      m.keep(
        m.b.emit1("reduce_prod", [y.atom], { axes: someAxes(m, y) }),
        isFloat(y.atom.aval.dtype) ? 1 : Number.POSITIVE_INFINITY,
      );
      return true;
    },
  },
  {
    name: "reduce_max, reduce_min",
    weight: 0.6,
    kinked: true,
    make(m) {
      const x = m.find((v) => number(v) && rankOf(v) >= 1 && neverEmpty(v));
      if (!x) return false;
      m.keep(m.b.emit1(m.rng.pick(["reduce_max", "reduce_min"] as const), [x.atom], { axes: someAxes(m, x) }), x.bound);
      return true;
    },
  },
  {
    name: "reduce_and, or, xor",
    weight: 0.3,
    make(m) {
      const x = m.find((v) => (isInt(v.atom.aval.dtype) || v.atom.aval.dtype === "bool") && rankOf(v) >= 1);
      if (!x) return false;
      m.keep(
        m.b.emit1(m.rng.pick(["reduce_and", "reduce_or", "reduce_xor"] as const), [x.atom], { axes: someAxes(m, x) }),
        Number.POSITIVE_INFINITY,
      );
      return true;
    },
  },
  {
    name: "argmax, argmin",
    weight: 0.3,
    kinked: true,
    make(m) {
      const x = m.find((v) => number(v) && rankOf(v) >= 1 && neverEmpty(v));
      if (!x) return false;
      m.keep(
        m.b.emit1(m.rng.pick(["argmax", "argmin"] as const), [x.atom], {
          axis: m.rng.int(0, rankOf(x) - 1),
          dtype: "i32",
        }),
        64,
      );
      return true;
    },
  },
  {
    name: "cumulative",
    weight: 0.6,
    make(m) {
      const x = m.float((v) => rankOf(v) >= 1);
      if (!x) return false;
      const params = { axis: m.rng.int(0, rankOf(x) - 1), reverse: m.rng.chance(0.5) };
      const prims = m.options.smooth
        ? (["cumsum", "cumprod", "cumlogsumexp"] as const)
        : (["cumsum", "cumprod", "cumlogsumexp", "cummax", "cummin"] as const);
      const prim = m.rng.pick(prims);
      const y = m.squash(x, prim === "cumprod" ? 1 : LARGEST / Math.max(1, count(x)));
      m.keep(m.b.emit1(prim, [y.atom], params), prim === "cumsum" ? y.bound * Math.max(1, count(x)) : y.bound + 5);
      return true;
    },
  },
  {
    name: "reduce_window",
    weight: 0.4,
    make(m) {
      const x = m.float((v) => rankOf(v) >= 1 && rankOf(v) <= 3 && isStaticShape(v.atom.aval.shape) && neverEmpty(v));
      if (!x) return false;
      const rank = rankOf(x);
      const shape = x.atom.aval.shape as readonly number[];
      const op = m.options.smooth ? "sum" : m.rng.pick(["sum", "max", "min"] as const);
      // extrema without padding or holes, so that every window has an element
      const windowDims = shape.map((d) => m.rng.int(1, Math.min(d, 3)));
      const padding = shape.map(
        () => [op === "sum" ? m.rng.int(0, 1) : 0, op === "sum" ? m.rng.int(0, 1) : 0] as const,
      );
      const ones = Array.from({ length: rank }, () => 1);
      const y = m.squash(x, LARGEST / 64);
      const params = {
        windowDims,
        padding,
        strides: shape.map(() => m.rng.int(1, 2)),
        baseDilation: op === "sum" ? shape.map(() => m.rng.int(1, 2)) : ones,
        windowDilation: ones,
        op,
      };
      m.keep(m.b.emit1("reduce_window", [y.atom], params), y.bound * 27);
      return true;
    },
  },
];
