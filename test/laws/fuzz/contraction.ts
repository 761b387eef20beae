/** Templates of contractions and of linear algebra. */
import { isStaticShape } from "../../../src/ir/dim.js";
import { isFloat } from "../../../src/ir/dtype.js";
import type { DotParams } from "../../../src/ir/ops/index.js";
import type { Atom } from "../../../src/ir/program.js";
import { LARGEST } from "./bounds.js";
import type { ProgramMaker, Value } from "../fuzz-program.js";
import type { Template } from "./templates.js";

const shapeOf = (v: Value) => v.atom.aval.shape;
const dims = (more: Partial<DotParams>): DotParams => ({
  lhsContract: [],
  rhsContract: [],
  lhsBatch: [],
  rhsBatch: [],
  preferred: null,
  ...more,
});

/** Pairs of axes that have one size: the first is contracted, the next is sometimes a batch axis. */
function matchingAxes(x: Value, y: Value): [number, number][] {
  const pairs: [number, number][] = [];
  shapeOf(x).forEach((d, i) => {
    const j = shapeOf(y).findIndex((e, k) => String(e) === String(d) && !pairs.some(([, taken]) => taken === k));
    if (j >= 0) pairs.push([i, j]);
  });
  return pairs;
}

/** G Gᵀ + I of a value reshaped to a matrix. */
function positive(m: ProgramMaker, x: Value): Atom | undefined {
  const shape = shapeOf(x);
  if (shape.length !== 2 || !isStaticShape(shape) || shape[0] === 0) return undefined;
  const [n] = shape;
  const g = m.squash(x, 2).atom;
  const square = m.b.emit1("dot_general", [g, g], dims({ lhsContract: [1], rhsContract: [1] }));
  const eye = m.b.op("eq", m.b.iota([n, n], 0, "i32"), m.b.iota([n, n], 1, "i32"));
  return m.b.add(square, m.b.select(eye, m.constant(square.aval, 2).atom, m.constant(square.aval, 0).atom));
}

/** A positive matrix of a value that the factorisations know the type of. */
function matrix(m: ProgramMaker): Atom | undefined {
  const x = m.float((v) => (v.atom.aval.dtype === "f64" || v.atom.aval.dtype === "f32") && shapeOf(v).length === 2);
  return x && positive(m, x);
}

export const contraction: readonly Template[] = [
  {
    name: "dot_general",
    weight: 1,
    make(m) {
      const x = m.find(
        (v) =>
          shapeOf(v).length >= 1 &&
          shapeOf(v).length <= 3 &&
          v.atom.aval.dtype !== "bool" &&
          v.atom.aval.dtype !== "key",
      );
      if (!x) return false;
      const y =
        m.find((v) => v.atom.aval.dtype === x.atom.aval.dtype && shapeOf(v).length >= 1 && shapeOf(v).length <= 3) ?? x;
      const pairs = m.rng.shuffle(matchingAxes(x, y)).slice(0, 2);
      if (pairs.length === 0) return false;
      const [contracted, batch] = m.rng.chance(0.2)
        ? [undefined, pairs[0]]
        : [pairs[0], m.rng.chance(0.5) ? pairs[1] : undefined];
      const rank = shapeOf(x).length + shapeOf(y).length - (contracted ? 2 : 0) - (batch ? 1 : 0);
      if (rank > 4) return false;
      const [a, b] = isFloat(x.atom.aval.dtype) ? [m.squash(x, 5), m.squash(y, 5)] : [x, y];
      const params = dims({
        lhsContract: contracted ? [contracted[0]] : [],
        rhsContract: contracted ? [contracted[1]] : [],
        lhsBatch: batch ? [batch[0]] : [],
        rhsBatch: batch ? [batch[1]] : [],
      });
      m.keep(m.b.emit1("dot_general", [a.atom, b.atom], params), a.bound * b.bound * (LARGEST / 25));
      return true;
    },
  },
  {
    name: "convolution",
    weight: 0.4,
    make(m) {
      const x = m.float(
        (v) => shapeOf(v).length === 3 && isStaticShape(shapeOf(v)) && shapeOf(v).every((d) => d !== 0),
      );
      if (!x) return false;
      const [, features, width] = shapeOf(x) as readonly number[];
      const w = m.float(
        (v) => v.atom.aval.dtype === x.atom.aval.dtype && shapeOf(v).length === 1 && isStaticShape(shapeOf(v)),
      );
      const taps = m.rng.int(1, Math.min(2, width));
      const feature = features % 2 === 0 && m.rng.chance(0.3) ? 2 : 1;
      const batch = feature === 1 && shapeOf(x)[0] === 2 && m.rng.chance(0.5) ? 2 : 1;
      const shape = [2, features / feature, taps];
      // a filter made of a vector of the pool, so that both operands have derivatives
      const first =
        w && shapeOf(w)[0] !== 0
          ? m.b.reshape(m.b.emit1("slice", [w.atom], { start: [0], limit: [1], strides: [1] }), [])
          : m.b.scalar(0.5, x.atom.aval.dtype);
      const filter = m.b.mul(
        m.b.broadcast(first, shape, []),
        m.b.emit1("iota", [], { shape, axis: 2, dtype: x.atom.aval.dtype }),
      );
      const bound = (w?.bound ?? 1) * 2;
      const y = m.squash(x, 5);
      const axes = [0, 1, 2];
      m.keep(
        m.b.emit1("conv_general_dilated", [y.atom, m.squash({ atom: filter, bound }, 5).atom], {
          strides: [m.rng.int(1, 2)],
          padding: [[m.rng.int(0, 2), m.rng.int(-1, 1)]],
          lhsDilation: [m.rng.int(1, 2)],
          rhsDilation: [m.rng.int(1, 2)],
          lhsSpec: axes,
          rhsSpec: axes,
          outSpec: m.rng.pick([axes, [0, 2, 1]]),
          featureGroupCount: feature,
          batchGroupCount: batch,
          preferred: null,
        }),
        LARGEST,
      );
      return true;
    },
  },
  {
    name: "cholesky and triangular_solve",
    weight: 0.3,
    make(m) {
      const a = matrix(m);
      const x =
        a &&
        m.float(
          (v) => v.atom.aval.dtype === a.aval.dtype && shapeOf(v).length === 2 && shapeOf(v)[0] === a.aval.shape[0],
        );
      if (!x || !a) return false;
      const l = m.b.emit1("cholesky", [a], {});
      m.keep(l, 30);
      const leftSide = true;
      m.keep(
        m.b.emit1("triangular_solve", [l, m.squash(x, 5).atom], {
          leftSide,
          lower: true,
          transposeA: m.rng.chance(0.5),
          unitDiagonal: false,
        }),
        100,
      );
      return true;
    },
  },
  {
    name: "lu, qr",
    weight: 0.2,
    // which row is the pivot jumps
    kinked: true,
    staticOnly: true,
    make(m) {
      const a = matrix(m);
      if (!a) return false;
      if (m.rng.chance(0.5)) {
        const [packed, , permutation] = m.b.emit("lu", [a], {});
        m.keep(packed, LARGEST);
        m.keep(permutation, Number.POSITIVE_INFINITY);
        return true;
      }
      // columns of Q and rows of R have their signs in common
      for (const y of m.b.emit("qr", [a], { fullMatrices: m.rng.chance(0.5) })) m.keep(m.b.mul(y, y), LARGEST);
      return true;
    },
  },
  {
    name: "eigh, svd",
    weight: 0.2,
    staticOnly: true,
    make(m) {
      const a = matrix(m);
      if (!a) return false;
      const n = shapeOf({ atom: a, bound: 0 })[0] as number;
      if (n > 5) return false;
      // G Gᵀ tanh-ed lies within ±1, so that the eigenvalues of 4i + 0.3 tanh(G Gᵀ) keep apart (Gershgorin)
      const row = m.b.iota([n, n], 0, a.aval.dtype);
      const eye = m.b.op("eq", row, m.b.iota([n, n], 1, a.aval.dtype));
      const scaled = m.b.mul(row, m.b.fullLike(row, 4));
      const diagonal = m.b.select(eye, m.b.add(scaled, m.b.fullLike(row, 4)), m.b.zerosLike(row.aval));
      const apart = m.b.add(m.b.mul(m.b.op("tanh", a), m.b.fullLike(a, 0.3)), diagonal);
      // vectors have no sign of their own
      if (m.rng.chance(0.5)) {
        const [w, v] = m.b.emit("eigh", [apart], {});
        m.keep(w, 30);
        m.keep(m.b.mul(v, v), 1);
        return true;
      }
      const [u, s, vt] = m.b.emit("svd", [apart], { fullMatrices: false });
      m.keep(s, 30);
      m.keep(m.b.mul(u, u), 1);
      m.keep(m.b.mul(vt, vt), 1);
      return true;
    },
  },
];
