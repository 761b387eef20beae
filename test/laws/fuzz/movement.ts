/** Templates that move elements: reshape to sort. */
import { dimMul, dimProduct, isStatic, isStaticShape, type Shape } from "../../../src/ir/dim.js";
import { isFloat, isInt } from "../../../src/ir/dtype.js";
import type { ProgramMaker, Value } from "../fuzz-program.js";
import type { Template } from "./templates.js";

const rankOf = (v: Value): number => v.atom.aval.shape.length;
const isEmpty = (v: Value): boolean => v.atom.aval.shape.some((d) => d === 0);
/** Small enough to grow. */
const small = (v: Value): boolean => {
  let n = 1;
  for (const d of v.atom.aval.shape) n *= isStatic(d) ? d : 5;
  return n <= 64 && rankOf(v) <= 4;
};
const anyRank = (m: ProgramMaker, least: number): Value | undefined => m.find((v) => rankOf(v) >= least && small(v));
/** An i32 scalar of the pool, or a small literal. */
function index(m: ProgramMaker): Value {
  return (
    m.find((v) => v.atom.aval.dtype === "i32" && rankOf(v) === 0) ?? {
      atom: m.b.scalar(m.rng.int(-1, 4), "i32"),
      bound: 4,
    }
  );
}

export const movement: readonly Template[] = [
  {
    name: "reshape",
    weight: 0.7,
    make(m) {
      const x = anyRank(m, 0);
      if (!x) return false;
      const { shape } = x.atom.aval;
      const at = m.rng.int(0, Math.max(0, shape.length - 2));
      const choices: Shape[] = [[dimProduct(shape)], [...shape.slice(0, at), 1, ...shape.slice(at)]];
      if (shape.length >= 2)
        choices.push([...shape.slice(0, at), dimMul(shape[at], shape[at + 1]), ...shape.slice(at + 2)]);
      m.keep(m.b.emit1("reshape", [x.atom], { shape: m.rng.pick(choices) }), x.bound);
      return true;
    },
  },
  {
    name: "transpose",
    weight: 0.7,
    make(m) {
      const x = anyRank(m, 2);
      if (!x) return false;
      const perm = m.rng.shuffle(x.atom.aval.shape.map((_, i) => i));
      m.keep(m.b.emit1("transpose", [x.atom], { perm }), x.bound);
      return true;
    },
  },
  {
    name: "broadcast_in_dim",
    weight: 0.7,
    make(m) {
      const x = m.find((v) => small(v) && rankOf(v) <= 2);
      if (!x) return false;
      const shape = [...x.atom.aval.shape];
      const dims = shape.map((_, i) => i);
      // a new axis somewhere, and axes of size 1 grow
      const at = m.rng.int(0, shape.length);
      shape.splice(at, 0, m.rng.pick(m.sizes));
      const moved = dims.map((d) => (d >= at ? d + 1 : d));
      moved.forEach((d) => {
        if (shape[d] === 1) shape[d] = m.rng.pick(m.sizes);
      });
      m.keep(m.b.emit1("broadcast_in_dim", [x.atom], { shape, dims: moved }), x.bound);
      return true;
    },
  },
  {
    name: "slice",
    weight: 0.6,
    make(m) {
      const x = anyRank(m, 1);
      if (!x) return false;
      const { shape } = x.atom.aval;
      const strides = shape.map((d) => (isStatic(d) ? m.rng.int(1, 2) : 1));
      // of an axis of unknown size the first element is there in any case
      const start = shape.map((d) => (isStatic(d) ? m.rng.int(0, Math.max(0, d - 1)) : 0));
      const limit = shape.map((d, i) => (isStatic(d) ? m.rng.int(start[i], d) : m.rng.chance(0.5) ? d : 1));
      m.keep(m.b.emit1("slice", [x.atom], { start, limit, strides }), x.bound);
      return true;
    },
  },
  {
    name: "pad",
    weight: 0.6,
    make(m) {
      const x = m.find(
        (v) =>
          rankOf(v) >= 1 && rankOf(v) <= 3 && small(v) && v.atom.aval.dtype !== "bool" && v.atom.aval.dtype !== "key",
      );
      if (!x) return false;
      const { shape, dtype } = x.atom.aval;
      const interior = shape.map((d) => (isStatic(d) && m.rng.chance(0.3) ? 1 : 0));
      const low = shape.map((d) => m.rng.int(isStatic(d) && d > 1 ? -1 : 0, 2));
      const high = shape.map((d) => m.rng.int(isStatic(d) && d > 1 ? -1 : 0, 1));
      const fill = m.constant({ shape: [], dtype }, m.rng.int(0, 2));
      m.keep(m.b.emit1("pad", [x.atom, fill.atom], { low, high, interior }), Math.max(2, x.bound));
      return true;
    },
  },
  {
    name: "concatenate",
    weight: 0.6,
    make(m) {
      const x = anyRank(m, 1);
      if (!x) return false;
      const axis = m.rng.int(0, rankOf(x) - 1);
      const fits = (v: Value): boolean =>
        v.atom.aval.dtype === x.atom.aval.dtype &&
        rankOf(v) === rankOf(x) &&
        v.atom.aval.shape.every((d, i) => i === axis || String(d) === String(x.atom.aval.shape[i]));
      const others = Array.from({ length: m.rng.int(1, 2) }, () => m.find((v) => fits(v) && small(v)) ?? x);
      const all = [x, ...others];
      m.keep(
        m.b.emit1(
          "concatenate",
          all.map((v) => v.atom),
          { axis },
        ),
        Math.max(...all.map((v) => v.bound)),
      );
      return true;
    },
  },
  {
    name: "rev",
    weight: 0.4,
    make(m) {
      const x = anyRank(m, 1);
      if (!x) return false;
      const axes = x.atom.aval.shape.map((_, i) => i).filter(() => m.rng.chance(0.5));
      m.keep(m.b.emit1("rev", [x.atom], { axes }), x.bound);
      return true;
    },
  },
  {
    name: "iota",
    weight: 0.3,
    make(m) {
      const dtype = m.rng.pick([...m.options.ints, ...m.options.floats]);
      const shape = Array.from({ length: m.rng.int(1, 2) }, () => m.rng.pick(m.sizes));
      m.keep(m.b.iota(shape, m.rng.int(0, shape.length - 1), dtype), 10);
      return true;
    },
  },
  {
    name: "dynamic_slice",
    weight: 0.6,
    make(m) {
      const x = anyRank(m, 1);
      if (!x) return false;
      const sizes = x.atom.aval.shape.map((d) => (isStatic(d) ? m.rng.int(Math.min(1, d), d) : 1));
      const starts = sizes.map(() => index(m).atom);
      m.keep(m.b.emit1("dynamic_slice", [x.atom, ...starts], { sizes }), x.bound);
      return true;
    },
  },
  {
    name: "dynamic_update_slice",
    weight: 0.5,
    staticOnly: true,
    make(m) {
      const x = anyRank(m, 1);
      if (!x) return false;
      const { shape, dtype } = x.atom.aval;
      const fits = (v: Value): boolean =>
        v.atom.aval.dtype === dtype &&
        rankOf(v) === shape.length &&
        v.atom.aval.shape.every((d, i) => Number(d) <= Number(shape[i]));
      const update = m.find(fits) ?? x;
      m.keep(
        m.b.emit1("dynamic_update_slice", [x.atom, update.atom, ...shape.map(() => index(m).atom)], {}),
        Math.max(x.bound, update.bound),
      );
      return true;
    },
  },
  {
    name: "gather rows",
    weight: 0.8,
    make(m) {
      const x = m.find((v) => rankOf(v) >= 1 && rankOf(v) <= 3 && small(v) && !isEmpty(v));
      const i = m.find((v) => isInt(v.atom.aval.dtype) && rankOf(v) <= 1 && small(v));
      if (!x || !i || !isStaticShape(x.atom.aval.shape)) return false;
      const { shape } = x.atom.aval;
      const count = i.atom.aval.shape;
      const vectors = m.b.reshape(i.atom, [...count, 1]);
      const dims = {
        offsetDims: shape.slice(1).map((_, k) => k + count.length),
        collapsedSliceDims: [0],
        operandBatchingDims: [],
        startIndicesBatchingDims: [],
        startIndexMap: [0],
      };
      // out of bounds "fill" reads NaN, which would end every comparison; integers read a number
      const mode = isFloat(x.atom.aval.dtype) ? "clip" : m.rng.pick(["clip", "fill"] as const);
      m.keep(
        m.b.emit1("gather", [x.atom, vectors], { dims, sliceSizes: [1, ...shape.slice(1)], mode }),
        mode === "clip" ? x.bound : Number.POSITIVE_INFINITY,
      );
      return true;
    },
  },
  {
    name: "scatter rows",
    weight: 0.8,
    make(m) {
      const x = m.find(
        (v) =>
          rankOf(v) >= 1 &&
          rankOf(v) <= 3 &&
          small(v) &&
          !isEmpty(v) &&
          (isFloat(v.atom.aval.dtype) || isInt(v.atom.aval.dtype)),
      );
      const i = m.find((v) => isInt(v.atom.aval.dtype) && rankOf(v) === 1 && small(v));
      if (!x || !i) return false;
      const { shape, dtype } = x.atom.aval;
      const [count] = i.atom.aval.shape;
      const update = m.constant({ shape: [count, ...shape.slice(1)], dtype }, m.rng.int(1, 2));
      const row = m.find((v) => v.atom.aval.dtype === dtype && v.atom.aval.shape.join() === shape.slice(1).join());
      const rows = row
        ? m.b.broadcast(
            row.atom,
            [count, ...shape.slice(1)],
            shape.slice(1).map((_, k) => k + 1),
          )
        : update.atom;
      const prim = m.rng.pick(
        m.options.differentiable
          ? (["scatter", "scatter_add"] as const)
          : (["scatter", "scatter_add", "scatter_mul", "scatter_min", "scatter_max"] as const),
      );
      // many factors may meet in one place
      if (prim === "scatter_mul" && isFloat(dtype) && (row?.bound ?? 2) > 1) return false;
      const bound = x.bound + 64 * (row?.bound ?? 2);
      if (bound > 1e4 && isFloat(dtype)) return false;
      const dims = {
        updateWindowDims: shape.slice(1).map((_, k) => k + 1),
        insertedWindowDims: [0],
        operandBatchingDims: [],
        scatterIndicesBatchingDims: [],
        scatterDimsToOperandDims: [0],
      };
      m.keep(
        m.b.emit1(prim, [x.atom, m.b.reshape(i.atom, [count, 1]), rows], {
          dims,
          mode: m.rng.pick(["clip", "fill"] as const),
          uniqueIndices: false,
        }),
        bound,
      );
      return true;
    },
  },
  {
    name: "sort",
    weight: 0.4,
    kinked: true,
    make(m) {
      const x = m.find((v) => rankOf(v) >= 1 && small(v) && v.atom.aval.dtype !== "key");
      if (!x) return false;
      const along = m.find((v) => v.atom.aval.shape.join() === x.atom.aval.shape.join()) ?? x;
      const results = m.b.emit("sort", [x.atom, along.atom], {
        axis: m.rng.int(0, rankOf(x) - 1),
        numKeys: 1,
        stable: true,
      });
      m.keep(results[0], x.bound);
      m.keep(results[1], along.bound);
      return true;
    },
  },
  {
    name: "top_k",
    weight: 0.2,
    kinked: true,
    make(m) {
      const x = m.find(
        (v) => rankOf(v) >= 1 && small(v) && v.atom.aval.dtype !== "key" && isStatic(v.atom.aval.shape[rankOf(v) - 1]),
      );
      if (!x) return false;
      const k = m.rng.int(0, x.atom.aval.shape[rankOf(x) - 1] as number);
      const [values, at] = m.b.emit("top_k", [x.atom], { k });
      m.keep(values, x.bound);
      m.keep(at, 64);
      return true;
    },
  },
];
