/** Calls whose arguments stand in another order or form here. */

/** A call as the rules see it: everything is text that has been migrated already. */
export interface Call {
  /** What is called, as it is here: `np.linspace`. */
  readonly callee: string;
  readonly args: readonly string[];
  /** The members of an object literal; undefined where the argument is something else, or holds more than `name: value`. */
  options(position: number): ReadonlyMap<string, string> | undefined;
  /** The elements of an array literal. */
  elements(position: number): readonly string[] | undefined;
  /** `callee` with another last name. */
  named(name: string): string;
  /** Something that a person must look at. */
  note(message: string): void;
}
/** The call as it is to be; undefined: it stays as it is. */
export type Rule = (call: Call) => string | undefined;

const UNDEFINED = "undefined";

const call = (callee: string, args: readonly (string | undefined)[]): string => {
  const list = [...args];
  while (list.length > 0 && (list[list.length - 1] === undefined || list[list.length - 1] === UNDEFINED)) list.pop();
  return `${callee}(${list.map((a) => a ?? UNDEFINED).join(", ")})`;
};
const object = (
  members: ReadonlyMap<string, string | undefined> | [string, string | undefined][],
): string | undefined => {
  const list = [...members].filter(([, v]) => v !== undefined && v !== UNDEFINED);
  const member = ([k, v]: [string, string | undefined]): string => (k === v ? k : `${k}: ${v}`);
  return list.length === 0 ? undefined : `{ ${list.map(member).join(", ")} }`;
};
const absent = (text: string | undefined): boolean => text === undefined || text === UNDEFINED || text === "null";

/** Options that are other names here (null: dropped without a word); of others a person is told. */
function withOptions(position: number, names: Readonly<Record<string, string | null>>): Rule {
  return (c) => {
    if (c.args[position] === undefined) return undefined;
    const given = c.options(position);
    if (!given) {
      const changed = Object.entries(names).filter(([from, to]) => from !== to && to !== null);
      if (changed.length > 0)
        c.note(
          `the options of ${c.callee} are other names: ${changed.map(([from, to]) => `${from} is ${to}`).join(", ")}`,
        );
      return undefined;
    }
    const kept: [string, string][] = [];
    for (const [name, value] of given) {
      const to = names[name];
      if (to === undefined) {
        c.note(`${c.callee} has no option ${name}`);
        return undefined;
      }
      if (to !== null) kept.push([to, value]);
    }
    if (kept.length === given.size && kept.every(([k]) => given.has(k))) return undefined;
    return call(c.callee, [...c.args.slice(0, position), object(kept), ...c.args.slice(position + 1)]);
  };
}

/** The options become arguments in this order, behind the first `position` ones; `before` are put between. */
function spreadOptions(position: number, order: readonly string[], before: readonly string[] = []): Rule {
  return (c) => {
    if (c.args[position] === undefined) return undefined;
    const given = c.options(position);
    const stranger = given && [...given.keys()].find((k) => !order.includes(k) && k !== "device");
    if (!given || stranger !== undefined) {
      c.note(`${c.callee} takes ${order.join(", ")} as arguments, not as options`);
      return undefined;
    }
    return call(c.callee, [...c.args.slice(0, position), ...before, ...order.map((n) => given.get(n))]);
  };
}

/** `f(start, stop, num, endpoint, …, { dtype })`: what stands behind num is options here. */
function spaced(names: readonly string[]): Rule {
  return (c) => {
    if (c.args.length <= 3) return undefined;
    const last = 3 + names.length;
    const more = c.args[last] === undefined ? new Map<string, string>() : c.options(last);
    if (!more) {
      c.note(`${c.callee} takes its options as the fourth argument`);
      return undefined;
    }
    const members = new Map<string, string | undefined>(names.map((n, i) => [n, c.args[3 + i]]));
    for (const [k, v] of more) if (k !== "device") members.set(k, v);
    return call(c.callee, [...c.args.slice(0, 3), object(members)]);
  };
}

/** Arguments from `position` on have no counterpart. */
function only(position: number, what: string): Rule {
  return (c) => {
    if (c.args.slice(position).some((a) => !absent(a))) c.note(`${c.callee} ${what}`);
    return undefined;
  };
}

/** `f(g, [a, b], options)` takes the primals one by one here. */
function primals(withAux: string | undefined): Rule {
  return (c) => {
    const [f, list] = c.args;
    if (list === undefined) return undefined;
    const options = c.args[2] === undefined ? undefined : c.options(2);
    const aux = options?.get("hasAux");
    const elements = c.elements(1) ?? [`...${list}`];
    if (c.args[2] === undefined || aux === "false") return `${c.callee}(${[f, ...elements].join(", ")})`;
    if (aux === "true" && withAux) return `${c.named(withAux)}(${[f, ...elements].join(", ")})`;
    c.note(`${c.callee} has no option hasAux: return the value alone`);
    return `${c.callee}(${[f, ...elements].join(", ")})`;
  };
}

const convolution: Rule = (c) => {
  const [lhs, rhs, strides, padding] = c.args;
  if (strides === undefined) return undefined;
  const given = c.args[4] === undefined ? new Map<string, string>() : c.options(4);
  if (!given) return void c.note(`${c.callee} takes its strides and padding as options`);
  const members = new Map<string, string | undefined>([["windowStrides", strides], ["padding", padding], ...given]);
  return call(c.callee, [lhs, rhs, object(members)]);
};
const generalPadding: Rule = (c) => {
  const [lhs, rhs, windowStrides, padding, lhsDilation, rhsDilation] = c.args;
  return call(c.callee, [
    lhs,
    rhs,
    object(Object.entries({ windowStrides, padding, lhsDilation, rhsDilation }) as [string, string | undefined][]),
  ]);
};

/** The reduction that a function such as `np.max` or `(x) => x.max()` is. */
function reduction(text: string): string | undefined {
  const plain = /^[\w.]+\.(max|min|sum|prod)$/.exec(text);
  if (plain) return plain[1];
  const arrow =
    /^\(?\s*(\w+)(?:\s*:[^)=]*)?\)?\s*=>\s*(?:(\w+)\.(max|min|sum|prod)\(\)|[\w.]+\.(max|min|sum|prod)\((\w+)\))$/.exec(
      text,
    );
  if (!arrow || (arrow[2] ?? arrow[5]) !== arrow[1]) return undefined;
  return arrow[3] ?? arrow[4];
}
const windows: Rule = (c) => {
  const [x, computation, dims, strides] = c.args;
  const op = computation === undefined ? undefined : reduction(computation);
  if (op === undefined)
    return void c.note(`${c.callee} takes "max", "min", "sum" or "prod"; a mean is a sum divided by the window's size`);
  return call(c.callee, [x, JSON.stringify(op), dims, strides === undefined ? undefined : `{ strides: ${strides} }`]);
};
const contraction: Rule = (c) => {
  if (c.args[2] === undefined) return undefined;
  const o = c.options(2);
  if (!o)
    return void c.note(`use lax.dotGeneral(lhs, rhs, { contract: [lhsAxes, rhsAxes], batch: [lhsAxes, rhsAxes] })`);
  const pair = (l: string, r: string): string | undefined =>
    o.has(l) || o.has(r) ? `[${o.get(l) ?? "[]"}, ${o.get(r) ?? "[]"}]` : undefined;
  const members = new Map([
    ["contract", pair("lhsContractingDims", "rhsContractingDims") ?? "[[], []]"],
    ["batch", pair("lhsBatchDims", "rhsBatchDims")],
  ]);
  return call(c.named("dotGeneral"), [c.args[0], c.args[1], object(members)]);
};

const uniform = withOptions(2, { minval: "minval", maxval: "maxval" });
const statistics = withOptions(2, { correction: "ddof", keepdims: "keepdims" });
const dtypeLast = (position: number): Rule => withOptions(position, { dtype: "dtype", device: null });

const learningRate: Rule = (c) => {
  if (c.args[0] !== undefined && /=>|^function\b/.test(c.args[0]))
    c.note(
      "a schedule is given the step as a tensor: compute with it by numpy, or use the schedules of tilework/optim",
    );
  return undefined;
};

/** By the name in jax-js. */
export const RULES: Readonly<Record<string, Rule>> = {
  vmap: (c) =>
    c.args[1] === undefined || c.args[1].startsWith("{")
      ? undefined
      : `${c.callee}(${c.args[0]}, { inAxes: ${c.args[1]} })`,
  vjp: primals("vjpWithAux"),
  linearize: primals(undefined),
  jvp: only(3, "has no option hasAux: return the value alone"),
  init: (c) => (c.args.length === 0 ? undefined : `${c.callee}()`),
  jit: (c) => withOptions(1, { staticArgnums: "staticArgnums", device: null })(c),

  "numpy.array": withOptions(1, { shape: "shape", dtype: "dtype", device: null }),
  "numpy.zeros": dtypeLast(1),
  "numpy.ones": dtypeLast(1),
  "numpy.full": dtypeLast(2),
  "numpy.identity": dtypeLast(1),
  "numpy.arange": dtypeLast(3),
  "numpy.zerosLike": dtypeLast(1),
  "numpy.onesLike": dtypeLast(1),
  "numpy.fullLike": dtypeLast(2),
  "numpy.tri": dtypeLast(3),
  "numpy.eye": (c) => (c.args[2] === undefined ? undefined : spreadOptions(2, ["dtype"], ["0"])(c)),
  "numpy.linspace": spaced(["endpoint"]),
  "numpy.geomspace": spaced(["endpoint"]),
  "numpy.logspace": spaced(["endpoint", "base"]),
  "numpy.indices": spreadOptions(1, ["dtype"]),
  "numpy.fromfunction": spreadOptions(2, ["dtype"]),
  // a boolean there
  "numpy.allclose": (c) =>
    `${withOptions(2, { rtol: "rtol", atol: "atol", equalNaN: "equalNan" })(c) ?? call(c.callee, c.args)}.item()`,
  "numpy.arrayEqual": withOptions(2, { equalNaN: "equalNan" }),
  "numpy.var_": statistics,
  "numpy.std": statistics,
  "numpy.nanvar": statistics,
  "numpy.nanstd": statistics,
  "numpy.cumulativeSum": spreadOptions(1, ["axis"]),
  "numpy.cumulativeProd": spreadOptions(1, ["axis"]),
  "numpy.vander": spreadOptions(1, ["n", "increasing"]),
  "numpy.vecdot": spreadOptions(2, ["axis"]),
  "numpy.linalg.vecdot": spreadOptions(2, ["axis"]),
  "numpy.cross": spreadOptions(2, ["axis"]),
  "numpy.trapezoid": spreadOptions(2, ["dx", "axis"]),
  "numpy.ediff1d": only(1, "takes no ends: concatenate them"),
  "numpy.trace": only(2, "takes the first two axes: move them there with np.moveaxis"),
  "numpy.linalg.trace": only(2, "takes the first two axes: move them there with np.moveaxis"),
  "numpy.corrcoef": only(1, "takes the rows of one matrix: stack the two with np.vstack"),
  "numpy.cov": (c) => {
    if (c.args.length < 2) return undefined;
    if (!absent(c.args[1]))
      return void c.note(`${c.callee} takes the rows of one matrix: stack the two with np.vstack`);
    return call(c.callee, [c.args[0], c.args[2]]);
  },
  "numpy.unwrap": (c) => {
    if (c.args.length < 2) return undefined;
    if (!absent(c.args[1])) return void c.note(`${c.callee} has no argument discont`);
    return call(c.callee, [c.args[0], c.args[3], c.args[2]]);
  },
  "numpy.einsum": (c) => {
    if (c.elements(1)) c.note(`${c.callee} takes a text such as "ij,jk->ik" first`);
    return undefined;
  },
  // the first of [solution, residuals, rank, singular values]
  "numpy.linalg.lstsq": (c) => `${call(c.callee, c.args)}[0]`,
  "numpy.linalg.cholesky": withOptions(1, { upper: "upper", symmetrizeInput: null }),
  "numpy.linalg.eigh": withOptions(1, { symmetrizeInput: null }),
  "numpy.linalg.eigvalsh": withOptions(1, { symmetrizeInput: null }),
  "lax.convGeneralDilated": convolution,
  "lax.convWithGeneralPadding": generalPadding,
  "lax.reduceWindow": windows,
  "lax.dot": contraction,
  "lax.topK": (c) =>
    c.args[2] === undefined || c.args[2] === "-1"
      ? undefined
      : only(2, "works along the last axis: move yours there with np.moveaxis")(c),
  "nn.gelu": spreadOptions(1, ["approximate"]),
  "nn.standardize": spreadOptions(2, ["epsilon"]),
  "nn.dotProductAttention": withOptions(3, { isCausal: "causal", mask: "mask", bias: "bias", scale: "scale" }),
  "random.uniform": uniform,
  "random.categorical": withOptions(2, { axis: "axis", shape: "shape", replace: "replace" }),
  "random.randint": (c) => {
    const o = c.options(1);
    if (!o) return void c.note(`${c.callee} takes shape, minval, maxval, dtype as arguments, not as options`);
    return call(c.callee, [c.args[0], o.get("shape") ?? "[]", o.get("minval"), o.get("maxval"), o.get("dtype")]);
  },
  "random.ball": spreadOptions(2, ["p", "shape"]),
  "random.choice": spreadOptions(2, ["shape", "replace", "p", "axis"]),
  "random.geometric": spreadOptions(2, ["shape", "dtype"]),
  "random.rademacher": spreadOptions(1, ["shape", "dtype"]),
  "random.rayleigh": (c) => (c.args.length < 2 ? `${c.callee}(${c.args[0]}, 1)` : undefined),
  "optax.trace": spreadOptions(0, ["decay", "nesterov"]),
  "optax.addDecayedWeights": spreadOptions(0, ["weightDecay", "mask"]),
  "optax.adam": learningRate,
  "optax.adamw": learningRate,
  "optax.sgd": learningRate,
  "optax.scaleByLearningRate": learningRate,
  "optax.scaleBySchedule": learningRate,
};
