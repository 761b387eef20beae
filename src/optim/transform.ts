/** Gradient transformations after optax: pure functions of (updates, state, parameters), so that a whole step can be jitted. */
import * as lax from "../lax/index.js";
import * as np from "../numpy/index.js";
import { scalar } from "../tracer/frame.js";
import type { Tensor } from "../tracer/tensor.js";
import * as tree from "../tree/index.js";

// biome-ignore lint/suspicious/noExplicitAny: trees of arrays keep their type through the caller
export type Tree = any;

/** A step of an optimiser: `init(parameters)` gives its state, `update(updates, state, parameters)` the new updates and state. */
export interface GradientTransformation {
  init(params: Tree): Tree;
  update(updates: Tree, state: Tree, params?: Tree): [updates: Tree, state: Tree];
}
/** A number, or a function of the step count (an i32 scalar tensor). */
export type Schedule = number | ((count: Tensor) => Tensor | number);

const each = (f: (...leaves: Tensor[]) => Tensor, first: Tree, ...rest: Tree[]): Tree =>
  tree.map(f as (...leaves: unknown[]) => unknown, first, ...rest);
const zerosLike = (params: Tree): Tree => each((p) => np.zerosLike(p), params);
const zeroCount = (): Tensor => scalar(0, "i32");
const next = (count: Tensor): Tensor => lax.add(count, 1);
/** A scalar (number or f32 tensor) times a leaf, in the leaf's dtype. */
function scaled(x: Tensor, by: Tensor | number): Tensor {
  return typeof by === "number" ? lax.mul(x, by) : lax.mul(x, np.broadcastTo(by.astype(x.aval.dtype), x.shape));
}

/** One after the other. */
export function chain(...steps: GradientTransformation[]): GradientTransformation {
  return {
    init: (params) => steps.map((s) => s.init(params)),
    update(updates, state, params) {
      const states: Tree[] = [];
      let u = updates;
      steps.forEach((s, i) => {
        const [v, t] = s.update(u, state[i], params);
        u = v;
        states.push(t);
      });
      return [u, states];
    },
  };
}
function stateless(f: (updates: Tree, params: Tree) => Tree): GradientTransformation {
  return { init: () => null, update: (u, _s, p) => [f(u, p), null] };
}
/** Updates of zero. */
export const setToZero = (): GradientTransformation => stateless(zerosLike);
/** Leaves updates as they are. */
export const identity = (): GradientTransformation => stateless((u) => u);
/** Multiplies updates by a number. */
export const scale = (factor: number): GradientTransformation => stateless((u) => each((x) => lax.mul(x, factor), u));

/** Times the schedule's value at the step count. */
export function scaleBySchedule(factor: (count: Tensor) => Tensor | number): GradientTransformation {
  return {
    init: () => ({ count: zeroCount() }),
    update(u, state) {
      const by = factor(state.count);
      return [each((x) => scaled(x, by), u), { count: next(state.count) }];
    },
  };
}
/** Times -rate (or the schedule's value at the step count). */
export function scaleByLearningRate(rate: Schedule): GradientTransformation {
  if (typeof rate === "number") return scale(-rate);
  return scaleBySchedule((count) => {
    const r = rate(count);
    return typeof r === "number" ? -r : lax.neg(r);
  });
}
/** Momentum (Polyak 1964), or Nesterov's. */
export function trace(decay: number, nesterov = false): GradientTransformation {
  return {
    init: (params) => ({ trace: zerosLike(params) }),
    update(u, state) {
      const t = each((g, m) => lax.add(g, lax.mul(m, decay)), u, state.trace);
      return [nesterov ? each((g, m) => lax.add(g, lax.mul(m, decay)), u, t) : t, { trace: t }];
    },
  };
}

/** Options of the Adam family. */
export interface AdamOptions {
  b1?: number;
  b2?: number;
  eps?: number;
  epsRoot?: number;
  /** The step looks ahead by one update of the first moment (Dozat 2016). */
  nesterov?: boolean;
}
/** Kingma & Ba 2015: first over root of second moment, both corrected for their start at zero. */
export function scaleByAdam(options: AdamOptions = {}): GradientTransformation {
  const { b1 = 0.9, b2 = 0.999, eps = 1e-8, epsRoot = 0, nesterov = false } = options;
  return {
    init: (params) => ({ count: zeroCount(), mu: zerosLike(params), nu: zerosLike(params) }),
    update(u, state) {
      const count = next(state.count);
      const mu = each((g, m) => lax.add(lax.mul(m, b1), lax.mul(g, 1 - b1)), u, state.mu);
      const nu = each((g, v) => lax.add(lax.mul(v, b2), lax.mul(lax.square(g), 1 - b2)), u, state.nu);
      // 1/(1 - b^t) in f64: in f32 it loses digits that an exact comparison sees. One division here saves one per element
      const t = count.astype("f64");
      const correction = (b: number, steps = t): Tensor => lax.div(1, lax.sub(1, lax.exp(lax.mul(steps, Math.log(b)))));
      const [c1, c2] = [correction(b1), correction(b2)];
      // ahead: the first moment after one more step with this gradient
      const ahead = nesterov ? lax.mul(correction(b1, lax.add(t, 1)), b1) : c1;
      const direction = each(
        (m, v, g) => {
          const d = m.aval.dtype;
          const wide = (c: Tensor): Tensor => np.broadcastTo(c.astype(d), m.shape);
          const moved = lax.mul(m, wide(ahead));
          const first = nesterov ? lax.add(moved, lax.mul(g, wide(lax.mul(c1, 1 - b1)))) : moved;
          return lax.div(first, lax.add(lax.sqrt(lax.add(lax.mul(v, wide(c2)), epsRoot)), eps));
        },
        mu,
        nu,
        u,
      );
      return [direction, { count, mu, nu }];
    },
  };
}
/** Running mean of squares (Tieleman & Hinton 2012). */
export function scaleByRms(decay = 0.9, eps = 1e-8): GradientTransformation {
  return {
    init: (params) => ({ nu: zerosLike(params) }),
    update(u, state) {
      const nu = each((g, v) => lax.add(lax.mul(v, decay), lax.mul(lax.square(g), 1 - decay)), u, state.nu);
      return [each((g, v) => lax.div(g, lax.add(lax.sqrt(v), eps)), u, nu), { nu }];
    },
  };
}
/** Divided by the root of the sum of all squares so far. */
export function scaleByRss(initialAccumulator = 0.1, eps = 1e-7): GradientTransformation {
  return {
    init: (params) => ({ sum: each((p) => np.fullLike(p, initialAccumulator), params) }),
    update(u, state) {
      const sum = each((g, s) => lax.add(s, lax.square(g)), u, state.sum);
      return [each((g, s) => lax.div(g, lax.add(lax.sqrt(s), eps)), u, sum), { sum }];
    },
  };
}
/** The sign of momentum mixed with the gradient. */
export function scaleByLion(b1 = 0.9, b2 = 0.99): GradientTransformation {
  return {
    init: (params) => ({ mu: zerosLike(params) }),
    update(u, state) {
      const mix = (b: number): Tree => each((g, m) => lax.add(lax.mul(m, b), lax.mul(g, 1 - b)), u, state.mu);
      return [each((x) => lax.sign(x), mix(b1)), { mu: mix(b2) }];
    },
  };
}
/** Adds weightDecay times the parameter; `mask` gives a tree of booleans for those that take part. */
export function addDecayedWeights(weightDecay: number, mask?: (params: Tree) => Tree): GradientTransformation {
  return stateless((u, params) => {
    const add = (g: Tensor, p: Tensor): Tensor => lax.add(g, lax.mul(p, weightDecay));
    if (!mask) return each(add, u, params);
    return tree.map(
      (g: unknown, p: unknown, m: unknown) => (m ? add(g as Tensor, p as Tensor) : g),
      u,
      params,
      mask(params),
    );
  });
}
/** √ of the sum of squares of all leaves. */
export function globalNorm(updates: Tree): Tensor {
  const squares = (tree.leaves(updates) as Tensor[]).map((x) => np.sum(lax.square(x)));
  return np.sqrt(squares.reduce((a, b) => np.add(a, b)));
}
/** Scales all updates together so that their global norm is at most `maxNorm` (Pascanu et al. 2013). */
export function clipByGlobalNorm(maxNorm: number): GradientTransformation {
  return stateless((u) => {
    const n = globalNorm(u);
    const factor = np.where(np.less(n, maxNorm), 1, np.divide(maxNorm, n));
    return each((x) => scaled(x, factor), u);
  });
}
/** Cuts each element to [-limit, limit]. */
export const clip = (limit: number): GradientTransformation =>
  stateless((u) => each((x) => np.clip(x, -limit, limit), u));

/** parameters + updates. */
export function applyUpdates(params: Tree, updates: Tree): Tree {
  return each((p, u) => lax.add(p, u.astype(p.aval.dtype)), params, updates);
}
export { applyUpdates as apply };
