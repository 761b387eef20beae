/** Structured control flow: user functions are traced to nested programs and bound as one equation. */
import { fail, internal } from "../diagnostics/error.js";
import { type Aval, aval, avalSame, printAval } from "../ir/aval.js";
import { dimEqual, dimSame, type Shape } from "../ir/dim.js";
import { isInt, promoteTypes } from "../ir/dtype.js";
import { type Program, Var } from "../ir/program.js";
import * as tree from "../tree/index.js";
import { bind, scalar, TracedSource } from "./frame.js";
import { checkFunction, checkOptions, describeValue, leafTensor } from "./leaf.js";
import { staged } from "./staged.js";
import { Tensor } from "./tensor.js";
import { type AnyFunction, type Traced, traceFunction } from "./trace.js";

// biome-ignore lint/suspicious/noExplicitAny: a tree of arrays, checked when traced
export type Tree = any;

/** A loop's carry. The empty tuple makes tsc infer [a, b] as a pair, not as a list. */
export type Carry = object | [] | number | boolean | bigint | null | undefined;

interface FlatTree {
  readonly leaves: Tensor[];
  readonly treedef: tree.TreeDef;
}

export function flattenTensors(value: unknown, what: string): FlatTree {
  const { leaves, treedef } = tree.flatten(value);
  return { leaves: leaves.map((x) => leafTensor(x, () => what)), treedef };
}

const avalsOf = (xs: readonly Tensor[]): Aval[] => xs.map((x) => x.aval);
const strong = (a: Aval): Aval => (a.weak ? aval(a.shape, a.dtype) : a);

export function convertTo(x: Tensor, dtype: Aval["dtype"]): Tensor {
  return x.aval.dtype === dtype && !x.aval.weak ? x : bind("convert_element_type", [x], { dtype })[0];
}

/** Identity of a captured value. */
export function captureKey(t: Tensor): unknown {
  const s = Tensor.source(t);
  return s instanceof TracedSource ? s.atom : s;
}

/** Gives several traced functions one list of captures, so that they take the same first inputs. */
export function shareCaptures(traced: readonly Pick<Traced, "program" | "captures">[]): {
  captures: Tensor[];
  programs: Program<"core">[];
} {
  const captures: Tensor[] = [];
  const position = new Map<unknown, number>();
  for (const t of traced) {
    for (const c of t.captures) {
      const key = captureKey(c);
      if (!position.has(key)) {
        position.set(key, captures.length);
        captures.push(c);
      }
    }
  }
  const programs = traced.map(({ program, captures: own }) => {
    const inputs: Var[] = captures.map((c) => new Var(c.aval));
    own.forEach((c, i) => {
      inputs[position.get(captureKey(c)) ?? internal("a lost capture")] = program.inputs[i];
    });
    return { ...program, inputs: [...inputs, ...program.inputs.slice(own.length)] };
  });
  return { captures, programs };
}

/** Converts outputs of a traced program to the given types (same shapes). */
function convertOutputs(t: Pick<Traced, "program">, to: readonly Aval[]): Program<"core"> {
  const p = t.program;
  if (p.outputs.every((o, i) => o.aval.dtype === to[i].dtype)) return p;
  const eqns = [...p.eqns];
  const outputs = p.outputs.map((o, i) => {
    if (o.aval.dtype === to[i].dtype) return o;
    const v = new Var(aval(o.aval.shape, to[i].dtype));
    eqns.push({
      prim: "convert_element_type",
      inputs: [o],
      params: { dtype: to[i].dtype },
      outputs: [v],
      effects: [],
      span: undefined,
    });
    return v;
  });
  return { ...p, eqns, outputs };
}

/**
 * `onTrue(...operands)` where the scalar `pred` holds, else `onFalse(...operands)`; only one of them runs.
 *
 * @example cond(x.sum().greater(0), (x) => x.mul(2), (x) => x.neg(), x)
 */
export function cond<A extends Tree[], R>(
  pred: Tensor | boolean,
  onTrue: (...operands: A) => R,
  onFalse: (...operands: A) => R,
  ...operands: A
): R {
  checkFunction("cond", onTrue);
  checkFunction("cond", onFalse);
  const p = leafTensor(pred, () => "cond: the predicate");
  if (p.ndim !== 0) {
    fail("TW2007", `cond: the predicate must be a scalar, not ${printAval(p.aval)}`, {
      help: "use np.all, np.any, or np.where for an elementwise choice",
    });
  }
  const index = p.dtype === "bool" ? p : bind("ne", [p, zeroLike(p)], {})[0];
  return branch("cond", index, [onFalse, onTrue], operands);
}

function zeroLike(x: Tensor): Tensor {
  return scalar(x.dtype === "i64" || x.dtype === "u64" ? 0n : 0, x.dtype);
}

/** `branches[index](...operands)`, the index clamped to the list; only one branch runs. */
export function switchCase<A extends Tree[], R>(
  index: Tensor | number,
  branches: readonly ((...operands: A) => R)[],
  ...operands: A
): R {
  if (!Array.isArray(branches)) {
    fail("TW1003", `switchCase: takes a list of functions, not ${describeValue(branches)}`, {
      help: "write switchCase(index, [f, g], x)",
    });
  }
  for (const f of branches) checkFunction("switchCase", f);
  if (branches.length === 0)
    fail("TW2011", "switchCase: the list of branches is empty", { help: "give at least one function" });
  const i = leafTensor(typeof index === "number" ? scalar(index, "i32") : index, () => "switchCase: the index");
  if (i.ndim !== 0 || !isInt(i.dtype)) {
    fail("TW2005", `switchCase: the index must be an integer scalar, not ${printAval(i.aval)}`, {
      help: "convert it with .astype('i32')",
    });
  }
  return branch("switchCase", convertTo(i, "i32"), branches, operands);
}

function branch<A extends Tree[], R>(
  what: string,
  index: Tensor,
  functions: readonly ((...operands: A) => R)[],
  operands: A,
): R {
  const flat = flattenTensors(operands, `${what}: an operand`);
  const avals = avalsOf(flat.leaves);
  const traced = functions.map((f) =>
    traceFunction(f as AnyFunction, avals, flat.treedef, { kind: "control", name: f.name || what }),
  );
  const first = traced[0];
  traced.forEach((t, k) => {
    if (!tree.equal(t.outTree, first.outTree)) {
      fail("TW3009", `${what}: branch ${k} returns ${t.outTree}, branch 0 returns ${first.outTree}`, {
        help: "return the same structure from every branch",
      });
    }
  });
  const out = first.program.outputs.map((_, i) => {
    const all = traced.map((t) => t.program.outputs[i].aval);
    const joined = all.reduce((a, b) => {
      const p = promoteTypes(a, b);
      return aval(a.shape, p.dtype, p.weak);
    });
    all.forEach((a, k) => {
      const shapesDiffer =
        a.shape.length !== all[0].shape.length || a.shape.some((d, j) => dimEqual(d, all[0].shape[j]) === false);
      if (shapesDiffer || (a.dtype !== joined.dtype && !a.weak)) {
        fail("TW3009", `${what}: output ${i} is ${printAval(a)} in branch ${k} but ${printAval(all[0])} in branch 0`, {
          help: "make all branches return the same shape and dtype (reshape, broadcastTo, astype)",
        });
      }
    });
    return strong(joined);
  });
  const { captures, programs } = shareCaptures(traced.map((t) => ({ ...t, program: convertOutputs(t, out) })));
  const results = bind("cond", [index, ...captures, ...flat.leaves], { branches: programs });
  return tree.unflatten(first.outTree, results) as R;
}

/** Carry leaves whose weak type gives way to what the body makes of them. */
function settleCarry(
  what: string,
  init: FlatTree,
  traceBody: (carry: readonly Aval[]) => { out: readonly Aval[]; outTree: tree.TreeDef },
): Tensor[] {
  let carry = init.leaves;
  for (let round = 0; round < 3; round++) {
    const { out, outTree } = traceBody(avalsOf(carry));
    if (!tree.equal(outTree, init.treedef)) {
      fail("TW3008", `${what}: the body returns a carry of structure ${outTree}, it was given ${init.treedef}`, {
        help: "return the carry with the structure it came in",
      });
    }
    let changed = false;
    const next = carry.map((x, i) => {
      if (avalSame(x.aval, out[i])) return x;
      const p = promoteTypes(x.aval, out[i]);
      const shapesAgree =
        x.aval.shape.length === out[i].shape.length &&
        x.aval.shape.every((d, j) => dimEqual(d, out[i].shape[j]) !== false);
      if (shapesAgree && x.aval.weak && p.dtype === out[i].dtype) {
        changed = true;
        return convertTo(x, p.dtype);
      }
      if (shapesAgree && out[i].weak && p.dtype === x.aval.dtype) return x;
      return fail(
        "TW3008",
        `${what}: carry ${init.leaves.length > 1 ? `leaf ${i} ` : ""}enters the body as ${printAval(x.aval)} and leaves it as ${printAval(out[i])}`,
        {
          help: "a loop's carry keeps its shape and dtype: convert the first value (astype), or convert inside the body",
        },
      );
    });
    carry = next;
    if (!changed) return carry;
  }
  return internal("the types of a loop carry do not settle");
}

function strip(xs: readonly Tensor[]): Tensor[] {
  return xs.map((x) => (x.aval.weak ? convertTo(x, x.aval.dtype) : x));
}

/** Runs `body` on the carry while `test(carry)` holds. Has forward mode only; its trip count is not bounded. */
export function whileLoop<C extends Carry>(
  test: (carry: C) => Tensor | boolean,
  body: (carry: C) => NoInfer<C>,
  init: C,
): C {
  checkFunction("whileLoop", test);
  checkFunction("whileLoop", body);
  const flat = flattenTensors(init, "whileLoop: the first carry");
  const inTree = tree.flatten([init]).treedef;
  let traced: Traced | undefined;
  const carry = strip(
    settleCarry("whileLoop", flat, (avals) => {
      traced = traceFunction(body as AnyFunction, avals.map(strong), inTree, {
        kind: "control",
        name: body.name || "body",
      });
      return { out: traced.program.outputs.map((o) => o.aval), outTree: traced.outTree };
    }),
  );
  const avals = avalsOf(carry);
  const t = traceFunction(test as AnyFunction, avals, inTree, { kind: "control", name: test.name || "test" });
  const verdict = t.program.outputs;
  if (verdict.length !== 1 || verdict[0].aval.shape.length !== 0 || verdict[0].aval.dtype !== "bool") {
    fail(
      "TW2005",
      `whileLoop: the test must return a bool scalar, not ${verdict.map((o) => printAval(o.aval)).join(", ") || "nothing"}`,
      {
        help: "return a comparison of scalars, such as np.less(i, 10)",
      },
    );
  }
  if (!traced) internal("whileLoop: no body");
  const results = bind("while", [...t.captures, ...traced.captures, ...carry], {
    cond: t.program,
    body: convertOutputs(traced, avals),
    condConsts: t.captures.length,
    bodyConsts: traced.captures.length,
  });
  return tree.unflatten(flat.treedef, results) as C;
}

export interface ScanOptions {
  /** Steps, when there are no `xs` to tell. */
  length?: number;
  /** From the last element to the first; results keep their places. */
  reverse?: boolean;
}

/**
 * Folds `f(carry, x) → [carry, y]` over the first axis of the leaves of `xs`; gives the last carry and the stacked ys.
 * A loop in the compiled program; differentiable in both modes.
 */
export function scan<C extends Carry, X extends Tree, Y extends Tree>(
  f: (carry: C, x: X) => readonly [NoInfer<C>, Y],
  init: C,
  xs: X,
  options: ScanOptions = {},
): [C, Y] {
  checkFunction("scan", f);
  checkOptions("scan", options, ["length", "reverse"] satisfies (keyof ScanOptions)[]);
  const carry0 = flattenTensors(init, "scan: the first carry");
  const flatXs = flattenTensors(xs, "scan: xs");
  let length = options.length;
  for (const x of flatXs.leaves) {
    if (x.ndim === 0)
      fail("TW2007", "scan: xs holds a scalar, which has no axis to run over", {
        help: "close over values that stay the same",
      });
    if (length !== undefined && !dimSame(length, x.aval.shape[0])) {
      fail(
        "TW2001",
        `scan: ${options.length === undefined ? "leaves of xs" : "length and xs"} disagree: ${length} and ${x.aval.shape[0]} steps`,
        {
          help: "give all leaves of xs the same first axis",
        },
      );
    }
    length = x.aval.shape[0] as number;
  }
  if (length !== undefined && typeof length === "number" && (!Number.isInteger(length) || length < 0)) {
    fail("TW2011", `scan: length is ${length}`, { help: "give the number of steps, an integer from 0" });
  }
  if (length === undefined)
    fail("TW2014", "scan: without xs the number of steps is unknown", { help: "pass { length: n }" });
  const xAvals = flatXs.leaves.map((x) => aval(x.aval.shape.slice(1), x.aval.dtype));
  const inTree = tree.flatten([init, xs]).treedef;
  let traced: Traced | undefined;
  let yTree: tree.TreeDef | undefined;
  const numCarry = carry0.leaves.length;
  const body = (c: C, x: X): unknown => {
    const result: unknown = staged(f)(c, x);
    if (result instanceof Promise) return result; // refused by the tracer, as everywhere
    if (!Array.isArray(result) || result.length !== 2) {
      fail("TW1009", "scan: the body must return [carry, y]", {
        help: "return [carry, null] when nothing is to be stacked",
      });
    }
    yTree = tree.flatten(result[1]).treedef;
    return result;
  };
  const carry = strip(
    settleCarry("scan", carry0, (avals) => {
      traced = traceFunction(body, [...avals.map(strong), ...xAvals], inTree, {
        kind: "control",
        name: f.name || "body",
        subject: f as AnyFunction,
      });
      const out = traced.program.outputs.map((o) => o.aval);
      // an aval is a plain object: it must not be taken apart
      const avalLeaf = (x: unknown): boolean => out.includes(x as Aval);
      const outCarry = tree.flatten((tree.unflatten(traced.outTree, out) as [unknown, unknown])[0], avalLeaf);
      return { out: outCarry.leaves as Aval[], outTree: outCarry.treedef };
    }),
  );
  if (!traced || !yTree) internal("scan: no body");
  const outs = traced.program.outputs.map((o) => strong(o.aval));
  const results = bind("scan", [...traced.captures, ...carry, ...flatXs.leaves], {
    body: convertOutputs(traced, [...avalsOf(carry), ...outs.slice(numCarry)]),
    length,
    reverse: options.reverse ?? false,
    numConsts: traced.captures.length,
    numCarry,
  });
  return [
    tree.unflatten(carry0.treedef, results.slice(0, numCarry)) as C,
    tree.unflatten(yTree, results.slice(numCarry)) as Y,
  ];
}

/**
 * `for (i = lower; i < upper; i++) carry = body(i, carry)`. With plain numbers for both bounds it has reverse mode (it is a scan);
 * with a traced bound it is a whileLoop.
 */
export function foriLoop<C extends Carry>(
  lower: number | Tensor,
  upper: number | Tensor,
  body: (i: Tensor, carry: C) => NoInfer<C>,
  init: C,
): C {
  checkFunction("foriLoop", body);
  checkBound("lower", lower);
  checkBound("upper", upper);
  if (typeof lower === "number" && typeof upper === "number") {
    const length = Math.max(0, upper - lower);
    const [[, result]] = scan(
      ([i, c]: [Tensor, C], _: null): [[Tensor, C], null] => [
        [bind("add", [i, scalar(1, "i32")], {})[0], staged(body)(i, c)],
        null,
      ],
      [scalar(lower, "i32"), init] as [Tensor, C],
      null,
      { length },
    );
    return result;
  }
  const first = convertTo(
    leafTensor(typeof lower === "number" ? scalar(lower, "i32") : lower, () => "foriLoop: lower"),
    "i32",
  );
  const last = convertTo(
    leafTensor(typeof upper === "number" ? scalar(upper, "i32") : upper, () => "foriLoop: upper"),
    "i32",
  );
  const [, result] = whileLoop(
    ([i]: [Tensor, C]) => bind("lt", [i, last], {})[0],
    ([i, c]: [Tensor, C]): [Tensor, C] => [bind("add", [i, scalar(1, "i32")], {})[0], staged(body)(i, c)],
    [first, init],
  );
  return result;
}

function checkBound(which: string, bound: number | Tensor): void {
  if (typeof bound === "number") {
    if (Number.isInteger(bound)) return;
    fail("TW2005", `foriLoop: the ${which} bound is ${bound}, which is no integer`, {
      help: "round it first: Math.floor(n)",
    });
  }
  const { aval: a } = leafTensor(bound, () => `foriLoop: the ${which} bound`);
  if (a.shape.length !== 0) {
    fail("TW2007", `foriLoop: the ${which} bound must be a scalar, not ${printAval(a)}`, {
      help: "reduce it first (np.max), or use vmap for a loop for each element",
    });
  }
  if (!isInt(a.dtype) && !a.weak) {
    fail("TW2005", `foriLoop: the ${which} bound must be an integer, not ${printAval(a)}`, {
      help: "convert it with .astype('i32')",
    });
  }
}

/** `f` on each element of the first axis of `xs`, one after the other; results are stacked. */
export function map<X extends Tree, Y extends Tree>(f: (x: X) => Y, xs: X): Y {
  checkFunction("map", f);
  return scan((_: null, x: X): [null, Y] => [null, staged(f)(x)], null, xs)[1];
}

/** Axis sizes that are the same object or number; helper for callers that slice trees. */
function leadingSize(what: string, leaves: readonly Tensor[], axis: number): number {
  const size = leaves[0]?.shape[axis];
  if (size === undefined) {
    const rank = leaves[0]?.ndim ?? 0;
    fail("TW2004", `${what}: axis ${axis} does not exist in ${leaves[0] ? printAval(leaves[0].aval) : "nothing"}`, {
      help: rank === 0 ? "a scalar has no axes" : `axes run from ${-rank} to ${rank - 1}`,
    });
  }
  for (const x of leaves) {
    if (x.shape[axis] !== size)
      fail("TW2001", `${what}: leaves disagree on axis ${axis}: ${size} and ${x.shape[axis]}`, {
        help: "give all leaves one size along that axis",
      });
  }
  return size;
}

function sliceAxis(x: Tensor, axis: number, start: number, limit: number, stride: number): Tensor {
  const shape = x.shape;
  return bind("slice", [x], {
    start: shape.map((_, i) => (i === axis ? start : 0)),
    limit: shape.map((d, i) => (i === axis ? limit : d)),
    strides: shape.map((_, i) => (i === axis ? stride : 1)),
  })[0];
}

function interleave(even: Tensor, odd: Tensor, axis: number): Tensor {
  const spread = (x: Tensor, low: number, high: number): Tensor =>
    bind("pad", [x, zeroLike(x)], {
      low: x.shape.map((_, i) => (i === axis ? low : 0)),
      high: x.shape.map((_, i) => (i === axis ? high : 0)),
      interior: x.shape.map((_, i) => (i === axis ? 1 : 0)),
    })[0];
  const n = even.shape[axis] + odd.shape[axis];
  const a = spread(even, 0, n % 2 === 0 ? 1 : 0);
  const b = spread(odd, 1, n % 2 === 0 ? 0 : 1);
  const shape: Shape = a.shape;
  const parity = bind("iota", [], { dtype: "i32", shape, axis })[0];
  const one = bind("broadcast_in_dim", [scalar(1, "i32")], { shape, dims: [] })[0];
  const isOdd = bind("eq", [bind("and", [parity, one], {})[0], one], {})[0];
  return bind("select", [isOdd, b, a], {})[0];
}

/**
 * All prefixes of an associative operation along `axis`, in log(n) steps (Blelloch 1990). `f` works on trees whose leaves keep that axis.
 *
 * @example associativeScan((a, b) => a.add(b), x)  // cumsum
 */
export function associativeScan<T extends Tree>(
  f: (a: T, b: T) => T,
  elements: T,
  options: { reverse?: boolean; axis?: number } = {},
): T {
  checkFunction("associativeScan", f);
  checkOptions("associativeScan", options, ["reverse", "axis"]);
  const flat = flattenTensors(elements, "associativeScan: an element");
  if (flat.leaves.length === 0) return elements;
  const axis = options.axis === undefined ? 0 : options.axis < 0 ? options.axis + flat.leaves[0].ndim : options.axis;
  leadingSize("associativeScan", flat.leaves, axis);
  const flip = (xs: readonly Tensor[]): Tensor[] => xs.map((x) => bind("rev", [x], { axes: [axis] })[0]);
  const combine = (a: readonly Tensor[], b: readonly Tensor[]): Tensor[] => {
    const out = tree.flatten(staged(f)(tree.unflatten(flat.treedef, a) as T, tree.unflatten(flat.treedef, b) as T));
    if (!tree.equal(out.treedef, flat.treedef)) {
      fail("TW1009", `associativeScan: the function returns ${out.treedef} for operands of ${flat.treedef}`, {
        help: "return the structure of the operands",
      });
    }
    return out.leaves as Tensor[];
  };
  const run = (xs: readonly Tensor[]): readonly Tensor[] => {
    const n = xs[0].shape[axis];
    if (n < 2) return xs;
    // pairs, then the prefixes of the pairs are the odd results, and one more step gives the even ones
    const pairs = combine(
      xs.map((x) => sliceAxis(x, axis, 0, n - (n % 2), 2)),
      xs.map((x) => sliceAxis(x, axis, 1, n, 2)),
    );
    const odd = run(pairs);
    const rest = xs.map((x) => sliceAxis(x, axis, 2, n, 2));
    const m = rest[0].shape[axis];
    const even =
      m === 0
        ? rest
        : combine(
            odd.map((x) => sliceAxis(x, axis, 0, m, 1)),
            rest,
          );
    const head = xs.map((x) => sliceAxis(x, axis, 0, 1, 1));
    return odd.map((o, i) => interleave(bind("concatenate", [head[i], even[i]], { axis })[0], o, axis));
  };
  const result = run(options.reverse ? flip(flat.leaves) : flat.leaves);
  return tree.unflatten(flat.treedef, options.reverse ? flip(result) : result) as T;
}
