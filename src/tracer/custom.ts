/** Functions with their own derivative rules, and checkpointed functions. */
import { fail, internal } from "../diagnostics/error.js";
import { type Aval, aval, printAval } from "../ir/aval.js";
import { dimEqual } from "../ir/dim.js";
import { isFloat } from "../ir/dtype.js";
import type { CheckpointPolicy, LazyProgram } from "../ir/ops/index.js";
import { Var } from "../ir/program.js";
import * as tree from "../tree/index.js";
import { convertTo, flattenTensors, shareCaptures } from "./control.js";
import { bind, scalar } from "./frame.js";
import { checkFunction, leafTensor } from "./leaf.js";
import type { ArgsOf, ResultOf, Sync, Transformed, UserFunction } from "./signatures.js";
import { LateRule, reserve, traceRules } from "./rules.js";
import { staged } from "./staged.js";
import { Tensor } from "./tensor.js";
import { type AnyFunction, type Traced, traceFlat, traceFunction } from "./trace.js";

const strongAvals = (xs: readonly Tensor[]): Aval[] => xs.map((x) => aval(x.aval.shape, x.aval.dtype));
const strip = (xs: readonly Tensor[]): Tensor[] => xs.map((x) => convertTo(x, x.aval.dtype));

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
export type CustomJvp<A extends readonly unknown[], R> = Transformed<A, R> & CustomJvpMembers<A, R>;
export interface CustomJvpMembers<A extends readonly unknown[], R> {
  /** `rule(primals, tangents) → [out, tangent of out]`; integer arguments have zero tangents of dtype f32. */
  defjvp(rule: (primals: A, tangents: A) => readonly [R, R]): CustomJvp<A, R>;
}

/**
 * @example
 * const log1pexp = customJvp((x: Tensor) => np.log(np.exp(x).add(1)))
 *   .defjvp(([x], [t]) => [log1pexp(x), t.mul(nn.sigmoid(x))]);
 */
export function customJvp<F extends UserFunction>(f: F & Sync<F>): CustomJvp<ArgsOf<F>, ResultOf<F>>;
export function customJvp(f: AnyFunction): unknown {
  checkFunction("customJvp", f);
  const id = nextRule++;
  let rule: ((primals: unknown[], tangents: unknown[]) => readonly [unknown, unknown]) | undefined;
  const name = f.name || "customJvp";
  const wrapped = (...args: unknown[]): unknown => {
    if (!rule) return staged(f)(...args);
    const jvp = staged(rule);
    const flat = flattenTensors(args, `${name}: an argument`);
    const leaves = strip(flat.leaves);
    const avals = strongAvals(leaves);
    const primal = traceFunction(f, avals, flat.treedef, { kind: "custom", name });
    const floats = avals.map((a) => isFloat(a.dtype));
    const outAvals = primal.program.outputs.map((o) => aval(o.aval.shape, o.aval.dtype));
    const trace = (adopt?: readonly Tensor[]): Traced => {
      const all = [...avals, ...avals.filter((_, i) => floats[i])];
      const { program, captures } = traceFlat(
        (...xs) => {
          const primals = xs.slice(0, avals.length);
          let next = avals.length;
          const tangents = avals.map((a, i) => (floats[i] ? xs[next++] : zeros(aval(a.shape, "f32"))));
          const result = jvp(
            tree.unflatten(flat.treedef, primals) as unknown[],
            tree.unflatten(flat.treedef, tangents) as unknown[],
          );
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
        { kind: "custom", name: `${name}.jvp`, ...(adopt ? { adopt } : {}) },
      );
      return { program, captures, outTree: primal.outTree };
    };
    const key = `${id}:${flat.treedef.key}:${avals.map(printAval).join()}`;
    const rules = traceRules(key, [trace]);
    const { captures, programs } = shareCaptures([primal, rules.traced ? rules.traced[0] : reserve(rules.known)]);
    const ruleName = `${name}.jvp`;
    const shared: LazyProgram = rules.traced
      ? { name: ruleName, get: () => programs[1] }
      : new LateRule(ruleName, key, captures, trace);
    const results = bind("custom_jvp_call", [...captures, ...leaves], {
      primal: programs[0],
      jvp: shared,
      numCaptures: captures.length,
      name,
    });
    return tree.unflatten(primal.outTree, results);
  };
  return Object.assign(wrapped, {
    defjvp(r: (primals: unknown[], tangents: unknown[]) => readonly [unknown, unknown]) {
      checkFunction("defjvp", r);
      rule = r;
      return wrapped;
    },
  });
}

/** A function with rules of its own for reverse mode. */
export type CustomVjp<A extends readonly unknown[], R> = Transformed<A, R> & CustomVjpMembers<A, R>;
export interface CustomVjpMembers<A extends readonly unknown[], R> {
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
export function customVjp<F extends UserFunction>(f: F & Sync<F>): CustomVjp<ArgsOf<F>, ResultOf<F>>;
export function customVjp(f: AnyFunction): unknown {
  checkFunction("customVjp", f);
  const id = nextRule++;
  let rules:
    | {
        forward: (...args: unknown[]) => readonly [unknown, Residuals];
        backward: (residuals: Residuals, cotangent: unknown) => readonly unknown[];
      }
    | undefined;
  const name = f.name || "customVjp";
  const wrapped = (...args: unknown[]): unknown => {
    if (!rules) return staged(f)(...args);
    const forward = staged(rules.forward);
    const backward = staged(rules.backward);
    const flat = flattenTensors(args, `${name}: an argument`);
    const leaves = strip(flat.leaves);
    const avals = strongAvals(leaves);
    const primal = traceFunction(f, avals, flat.treedef, { kind: "custom", name });
    const outAvals = primal.program.outputs.map((o) => aval(o.aval.shape, o.aval.dtype));
    let residualTree: tree.TreeDef | undefined;
    let residualAvals: Aval[] = [];
    const traceForward = (adopt?: readonly Tensor[]): Traced => {
      const { program, captures } = traceFlat(
        (...xs) => {
          const result = forward(...(tree.unflatten(flat.treedef, xs) as unknown[]));
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
        { kind: "custom", name: `${name}.forward`, ...(adopt ? { adopt } : {}) },
      );
      return { program, captures, outTree: primal.outTree };
    };
    const traceBackward = (adopt?: readonly Tensor[]): Traced => {
      const resTree = residualTree ?? internal("customVjp: residuals are not known");
      const cotangents = outAvals.filter((a) => isFloat(a.dtype));
      const { program, captures } = traceFlat(
        (...xs) => {
          const residuals = tree.unflatten(resTree, xs.slice(0, residualAvals.length));
          let next = residualAvals.length;
          const ct = outAvals.map((a) => (isFloat(a.dtype) ? xs[next++] : zeros(aval(a.shape, "f32"))));
          const result = backward(residuals, tree.unflatten(primal.outTree, ct));
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
        { kind: "custom", name: `${name}.backward`, ...(adopt ? { adopt } : {}) },
      );
      return { program, captures, outTree: primal.outTree };
    };
    const key = `${id}:${flat.treedef.key}:${avals.map(printAval).join()}`;
    const traced = traceRules(key, [traceForward, traceBackward]);
    const parts = traced.traced ? [primal, ...traced.traced] : [primal, reserve(traced.known)];
    const { captures, programs } = shareCaptures(parts);
    let forwardRule: LazyProgram = { name: `${name}.forward`, get: () => programs[1] };
    let backwardRule: LazyProgram = { name: `${name}.backward`, get: () => programs[2] };
    if (!traced.traced) {
      const late = new LateRule(forwardRule.name, key, captures, traceForward);
      forwardRule = late;
      backwardRule = new LateRule(backwardRule.name, key, captures, (adopt) => {
        late.get(); // tells what the residuals are
        return traceBackward(adopt);
      });
    }
    const results = bind("custom_vjp_call", [...captures, ...leaves], {
      primal: programs[0],
      forward: forwardRule,
      backward: backwardRule,
      numCaptures: captures.length,
      name,
    });
    return tree.unflatten(primal.outTree, results);
  };
  return Object.assign(wrapped, {
    defvjp(
      forward: (...args: unknown[]) => readonly [unknown, Residuals],
      backward: (residuals: Residuals, cotangent: unknown) => readonly unknown[],
    ) {
      checkFunction("defvjp", forward);
      checkFunction("defvjp", backward);
      rules = { forward, backward };
      return wrapped;
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
      try {
        cts = tree.broadcastPrefix(given, arg, { nullIsLeaf: true });
      } catch (cause) {
        const got = tree.structure(given);
        fail(
          "TW3010",
          `${name}: the backward rule's cotangent of argument ${k} has structure ${got}; the argument has ${treedef}`,
          { cause },
        );
      }
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
  /** Keep what `checkpointName` has given one of these names, and results of jitted functions that are called so. */
  saveOnlyTheseNames:
    (...names: readonly string[]): CheckpointPolicy =>
    (prim, params) =>
      prim === "call" && names.includes(plainName(params.name as string)),
  /** Keep what either of two policies keeps. */
  saveFromBothPolicies:
    (a: CheckpointPolicy, b: CheckpointPolicy): CheckpointPolicy =>
    (prim, params) =>
      a(prim, params) || b(prim, params),
} as const;

/** A call's name without the transforms that it went through: `jvp(attention)` is still attention. */
function plainName(name: string): string {
  return /^(?:[\w.]+\()*(.*?)\)*$/.exec(name)?.[1] ?? name;
}

/** The same value under a name by which a checkpoint policy can keep it (`checkpointPolicies.saveOnlyTheseNames`). */
export function checkpointName<T extends Tensor>(x: T, name: string): T {
  const v = new Var(x.aval, name);
  const program = { phase: "core", name, inputs: [v], eqns: [], outputs: [v], effects: [] } as const;
  return bind("call", [x], { program, name })[0] as T;
}

/** The same function, whose intermediates are computed again in the backward pass instead of being kept. */
export function checkpoint<F extends UserFunction>(
  f: F & Sync<F>,
  options?: CheckpointOptions,
): Transformed<ArgsOf<F>, ResultOf<F>>;
export function checkpoint(f: AnyFunction, options: CheckpointOptions = {}): AnyFunction {
  checkFunction("checkpoint", f);
  const name = f.name || "checkpoint";
  return (...args: unknown[]): unknown => {
    const flat = flattenTensors(args, `${name}: an argument`);
    const leaves = strip(flat.leaves);
    const traced = traceFunction(f, strongAvals(leaves), flat.treedef, { kind: "custom", name });
    const results = bind("checkpoint", [...traced.captures, ...leaves], {
      program: traced.program,
      policy: options.policy ?? null,
      prevent: false,
    });
    return tree.unflatten(traced.outTree, results);
  };
}
