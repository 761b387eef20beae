/** Functions with their own derivative rules, and checkpointed functions. */
import { fail, internal } from "../diagnostics/error.js";
import { type Aval, aval, printAval } from "../ir/aval.js";
import { dimEqual } from "../ir/dim.js";
import { isFloat } from "../ir/dtype.js";
import type { CheckpointPolicy, LazyProgram } from "../ir/ops/index.js";
import { type Program, Var } from "../ir/program.js";
import * as tree from "../tree/index.js";
import { convertTo, flattenTensors, shareCaptures } from "./control.js";
import { bind, scalar } from "./frame.js";
import { leafTensor } from "./leaf.js";
import { Tensor } from "./tensor.js";
import { type AnyFunction, type Traced, traceFlat, traceFunction } from "./trace.js";

const strongAvals = (xs: readonly Tensor[]): Aval[] => xs.map((x) => aval(x.aval.shape, x.aval.dtype));
const strip = (xs: readonly Tensor[]): Tensor[] => xs.map((x) => convertTo(x, x.aval.dtype));

/** A program traced when first needed, once. Traced late, it may close over arrays but not over traced values. */
class LateProgram implements LazyProgram {
  #program: Program<"core"> | undefined;
  constructor(
    readonly name: string,
    readonly trace: () => Program<"core">,
  ) {}
  get(): Program<"core"> {
    this.#program ??= this.trace();
    return this.#program;
  }
}

/** Rules that are being traced now: a rule that calls its own function must not trace itself again. */
const tracing = new Set<string>();

/** Traces `rule` at once with its captures, unless that is what is going on already; then it waits until it is needed. */
function traceRule(key: string, name: string, trace: () => Traced): { lazy: LazyProgram; traced: Traced | undefined } {
  if (tracing.has(key)) {
    return {
      traced: undefined,
      lazy: new LateProgram(name, () => {
        const t = trace();
        if (t.captures.length > 0) {
          fail("TW1002", `${name}: a rule that calls its own function closes over traced or array values`, {
            help: "pass them as arguments of the function",
          });
        }
        return t.program;
      }),
    };
  }
  tracing.add(key);
  try {
    const traced = trace();
    return { traced, lazy: { name, get: () => traced.program } };
  } finally {
    tracing.delete(key);
  }
}

let nextRule = 0;

function checkLike(what: string, leaves: readonly Tensor[], want: readonly Aval[]): Tensor[] {
  return want.map((w, i) => {
    const x = leaves[i];
    const fits =
      x && x.aval.shape.length === w.shape.length && x.aval.shape.every((d, k) => dimEqual(d, w.shape[k]) !== false);
    if (!fits || (x.aval.dtype !== w.dtype && !x.aval.weak)) {
      fail("TW3010", `${what}: expected ${printAval(w)}, got ${x ? printAval(x.aval) : "nothing"} at leaf ${i}`, {
        help: "tangents and cotangents have the shape and dtype of what they belong to",
      });
    }
    return convertTo(x, w.dtype);
  });
}

function zeros(a: Aval): Tensor {
  const z = scalar(a.dtype === "i64" || a.dtype === "u64" ? 0n : 0, a.dtype === "key" ? "u32" : a.dtype);
  return a.shape.length === 0 ? z : bind("broadcast_in_dim", [z], { shape: a.shape, dims: [] })[0];
}

/** A function with a rule of its own for forward mode (reverse mode is derived from it). */
export interface CustomJvp<A extends unknown[], R> {
  (...args: A): R;
  /** `rule(primals, tangents) → [out, tangent of out]`; integer arguments have zero tangents of dtype f32. */
  defjvp(rule: (primals: A, tangents: A) => readonly [R, R]): CustomJvp<A, R>;
}

/**
 * @example
 * const log1pexp = customJvp((x: Tensor) => np.log(np.exp(x).add(1)))
 *   .defjvp(([x], [t]) => [log1pexp(x), t.mul(nn.sigmoid(x))]);
 */
export function customJvp<A extends unknown[], R>(f: (...args: A) => R): CustomJvp<A, R> {
  const id = nextRule++;
  let rule: ((primals: A, tangents: A) => readonly [R, R]) | undefined;
  const name = f.name || "customJvp";
  const wrapped = (...args: A): R => {
    if (!rule) return f(...args);
    const jvp = rule;
    const flat = flattenTensors(args, `${name}: an argument`);
    const leaves = strip(flat.leaves);
    const avals = strongAvals(leaves);
    const primal = traceFunction(f as AnyFunction, avals, flat.treedef, { kind: "custom", name });
    const floats = avals.map((a) => isFloat(a.dtype));
    const outAvals = primal.program.outputs.map((o) => aval(o.aval.shape, o.aval.dtype));
    const trace = (): Traced => {
      const all = [...avals, ...avals.filter((_, i) => floats[i])];
      const { program, captures } = traceFlat(
        (...xs) => {
          const primals = xs.slice(0, avals.length);
          let next = avals.length;
          const tangents = avals.map((a, i) => (floats[i] ? xs[next++] : zeros(aval(a.shape, "f32"))));
          const result = jvp(tree.unflatten(flat.treedef, primals) as A, tree.unflatten(flat.treedef, tangents) as A);
          if (!Array.isArray(result) || result.length !== 2) {
            fail("TW3010", `${name}: the jvp rule must return [out, tangent of out]`, {
              help: "return both as a pair",
            });
          }
          const out = flattenTensors(result[0], `${name}: the rule's output`);
          const dot = tree.flatten(result[1]);
          if (!tree.equal(out.treedef, primal.outTree) || !tree.equal(dot.treedef, primal.outTree)) {
            fail(
              "TW3010",
              `${name}: the jvp rule returns ${out.treedef} and ${dot.treedef}; the function returns ${primal.outTree}`,
              {},
            );
          }
          const tangentLeaves = dot.leaves.map((x) => leafTensor(x, () => `${name}: the rule's tangent`));
          return [
            ...checkLike(`${name}: the rule's output`, out.leaves, outAvals),
            ...checkLike(
              `${name}: the rule's tangent`,
              tangentLeaves.filter((_, i) => isFloat(outAvals[i].dtype)),
              outAvals.filter((a) => isFloat(a.dtype)),
            ),
          ];
        },
        all,
        { kind: "custom", name: `${name}.jvp` },
      );
      return { program, captures, outTree: primal.outTree };
    };
    const { lazy, traced } = traceRule(`jvp${id}:${avals.map(printAval).join()}`, `${name}.jvp`, trace);
    const { captures, programs } = shareCaptures(traced ? [primal, traced] : [primal]);
    const shared: LazyProgram = traced
      ? { name: lazy.name, get: () => programs[1] }
      : withUnusedCaptures(lazy, captures);
    const results = bind("custom_jvp_call", [...captures, ...leaves], {
      primal: programs[0],
      jvp: shared,
      numCaptures: captures.length,
      name,
    });
    return tree.unflatten(primal.outTree, results) as R;
  };
  return Object.assign(wrapped, {
    defjvp(r: (primals: A, tangents: A) => readonly [R, R]) {
      rule = r;
      return wrapped as CustomJvp<A, R>;
    },
  });
}

/** A late rule has no captures of its own; its program gets inputs for those that the primal has. */
function withUnusedCaptures(lazy: LazyProgram, captures: readonly Tensor[]): LazyProgram {
  const inputs = captures.map((c) => new Var(c.aval));
  return new LateProgram(lazy.name, () => {
    const p = lazy.get();
    return { ...p, inputs: [...inputs, ...p.inputs] };
  });
}

/** A function with rules of its own for reverse mode. */
export interface CustomVjp<A extends unknown[], R> {
  (...args: A): R;
  /** `forward(...args) → [out, residuals]`, `backward(residuals, cotangent of out) → [cotangent of each argument]` (null: zero). */
  defvjp<Res>(
    forward: (...args: A) => readonly [R, Res],
    backward: (residuals: Res, cotangent: R) => readonly unknown[],
  ): CustomVjp<A, R>;
}

// biome-ignore lint/suspicious/noExplicitAny: their type is private to the two rules
type Residuals = any;

/**
 * @example
 * const clipGradient = customVjp((x: Tensor) => x)
 *   .defvjp((x) => [x, null], (_, g) => [np.clip(g, -1, 1)]);
 */
export function customVjp<A extends unknown[], R>(f: (...args: A) => R): CustomVjp<A, R> {
  const id = nextRule++;
  let rules:
    | {
        forward: (...args: A) => readonly [R, Residuals];
        backward: (residuals: Residuals, cotangent: R) => readonly unknown[];
      }
    | undefined;
  const name = f.name || "customVjp";
  const wrapped = (...args: A): R => {
    if (!rules) return f(...args);
    const { forward, backward } = rules;
    const flat = flattenTensors(args, `${name}: an argument`);
    const leaves = strip(flat.leaves);
    const avals = strongAvals(leaves);
    const primal = traceFunction(f as AnyFunction, avals, flat.treedef, { kind: "custom", name });
    const outAvals = primal.program.outputs.map((o) => aval(o.aval.shape, o.aval.dtype));
    let residualTree: tree.TreeDef | undefined;
    let residualAvals: Aval[] = [];
    const traceForward = (): Traced => {
      const { program, captures } = traceFlat(
        (...xs) => {
          const result = forward(...(tree.unflatten(flat.treedef, xs) as A));
          if (!Array.isArray(result) || result.length !== 2) {
            fail("TW3010", `${name}: the forward rule must return [out, residuals]`, {
              help: "return both as a pair; residuals may be null",
            });
          }
          const out = flattenTensors(result[0], `${name}: the forward rule's output`);
          if (!tree.equal(out.treedef, primal.outTree)) {
            fail(
              "TW3010",
              `${name}: the forward rule returns ${out.treedef}; the function returns ${primal.outTree}`,
              {},
            );
          }
          const residuals = flattenTensors(result[1], `${name}: a residual`);
          residualTree = residuals.treedef;
          const kept = strip(residuals.leaves);
          residualAvals = strongAvals(kept);
          return [...checkLike(`${name}: the forward rule's output`, out.leaves, outAvals), ...kept];
        },
        avals,
        { kind: "custom", name: `${name}.forward` },
      );
      return { program, captures, outTree: primal.outTree };
    };
    const fwd = traceRule(`fwd${id}:${avals.map(printAval).join()}`, `${name}.forward`, traceForward);
    const traceBackward = (): Traced => {
      if (!residualTree) fwd.lazy.get();
      const resTree = residualTree ?? internal("customVjp: residuals are not known");
      const cotangents = outAvals.filter((a) => isFloat(a.dtype));
      const { program, captures } = traceFlat(
        (...xs) => {
          const residuals = tree.unflatten(resTree, xs.slice(0, residualAvals.length));
          let next = residualAvals.length;
          const ct = outAvals.map((a) => (isFloat(a.dtype) ? xs[next++] : zeros(aval(a.shape, "f32"))));
          const result = backward(residuals, tree.unflatten(primal.outTree, ct) as R);
          if (!Array.isArray(result) || result.length !== args.length) {
            fail(
              "TW3010",
              `${name}: the backward rule must return a list of ${args.length} cotangent${args.length === 1 ? "" : "s"}, one for each argument`,
              {
                help: "use null for an argument that gets none",
              },
            );
          }
          return spreadCotangents(name, args, result, avals);
        },
        [...residualAvals, ...cotangents],
        { kind: "custom", name: `${name}.backward` },
      );
      return { program, captures, outTree: primal.outTree };
    };
    const bwd = fwd.traced
      ? traceRule(`bwd${id}:${avals.map(printAval).join()}`, `${name}.backward`, traceBackward)
      : { traced: undefined, lazy: new LateProgram(`${name}.backward`, () => traceBackward().program) };
    const parts: Traced[] = [primal];
    if (fwd.traced) parts.push(fwd.traced);
    if (bwd.traced) parts.push(bwd.traced);
    const { captures, programs } = shareCaptures(parts);
    const results = bind("custom_vjp_call", [...captures, ...leaves], {
      primal: programs[0],
      forward: fwd.traced ? { name: fwd.lazy.name, get: () => programs[1] } : withUnusedCaptures(fwd.lazy, captures),
      backward: bwd.traced
        ? { name: bwd.lazy.name, get: () => programs[programs.length - 1] }
        : withUnusedCaptures(bwd.lazy, captures),
      numCaptures: captures.length,
      name,
    });
    return tree.unflatten(primal.outTree, results) as R;
  };
  return Object.assign(wrapped, {
    defvjp(
      forward: (...args: A) => readonly [R, Residuals],
      backward: (residuals: Residuals, cotangent: R) => readonly unknown[],
    ) {
      rules = { forward, backward };
      return wrapped as CustomVjp<A, R>;
    },
  });
}

/** Cotangents as the rule gave them (null for none, anywhere) to one tensor for each float leaf of the arguments. */
function spreadCotangents(
  name: string,
  args: readonly unknown[],
  result: readonly unknown[],
  avals: readonly Aval[],
): Tensor[] {
  const out: Tensor[] = [];
  let at = 0;
  args.forEach((arg, k) => {
    const { leaves, treedef } = tree.flatten(arg);
    const own = avals.slice(at, at + leaves.length);
    at += leaves.length;
    const given = result[k];
    let cts: unknown[];
    if (given === null || given === undefined) cts = own.map(() => null);
    else {
      const flat = tree.flatten(given);
      if (!tree.equal(flat.treedef, treedef)) {
        fail(
          "TW3010",
          `${name}: the backward rule's cotangent of argument ${k} has structure ${flat.treedef}; the argument has ${treedef}`,
          {},
        );
      }
      cts = flat.leaves;
    }
    own.forEach((a, i) => {
      if (!isFloat(a.dtype)) return;
      const ct = cts[i];
      out.push(
        ct === null || ct === undefined
          ? zeros(a)
          : checkLike(`${name}: the backward rule's cotangent of argument ${k}`, [leafTensor(ct, () => name)], [a])[0],
      );
    });
  });
  return out;
}

export interface CheckpointOptions {
  /** Which intermediate results may be kept: gets the primitive's name and parameters. By default none. */
  policy?: CheckpointPolicy;
}

/** The policies that JAX users know. */
export const checkpointPolicies = {
  /** Keep everything: as without checkpoint. */
  everythingSaveable: (): boolean => true,
  /** Keep nothing: recompute all (the default). */
  nothingSaveable: (): boolean => false,
  /** Keep results of matrix products. */
  dotsSaveable: (prim: string): boolean => prim === "dot_general",
  /** Keep results of matrix products without batch axes. */
  dotsWithNoBatchDimsSaveable: (prim: string, params: Readonly<Record<string, unknown>>): boolean =>
    prim === "dot_general" && (params.lhsBatch as readonly number[]).length === 0,
} as const;

/** The same function, whose intermediates are computed again in the backward pass instead of being kept. */
export function checkpoint<A extends unknown[], R>(
  f: (...args: A) => R,
  options: CheckpointOptions = {},
): (...args: A) => R {
  const name = f.name || "checkpoint";
  return (...args: A): R => {
    const flat = flattenTensors(args, `${name}: an argument`);
    const leaves = strip(flat.leaves);
    const traced = traceFunction(f as AnyFunction, strongAvals(leaves), flat.treedef, { kind: "custom", name });
    const results = bind("checkpoint", [...traced.captures, ...leaves], {
      program: traced.program,
      policy: options.policy ?? null,
      prevent: false,
    });
    return tree.unflatten(traced.outTree, results) as R;
  };
}
