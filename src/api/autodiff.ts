/** Derivatives as users call them: trace, transform the program, run or inline the result. */
import { fail } from "../diagnostics/error.js";
import { type Aval, aval, printAval } from "../ir/aval.js";
import { Builder } from "../ir/builder.js";
import { dimEqual } from "../ir/dim.js";
import { isFloat } from "../ir/dtype.js";
import type { Atom, Program } from "../ir/program.js";
import { dce } from "../simplify/index.js";
import { convertTo } from "../tracer/control.js";
import { applyProgram, bind, scalar } from "../tracer/frame.js";
import { checkFunction, checkOptions, leafTensor } from "../tracer/leaf.js";
import { staged } from "../tracer/staged.js";
import { Tensor } from "../tracer/tensor.js";
import { type AnyFunction, type Traced, traceFunction } from "../tracer/trace.js";
import { jvpProgram, partialEval, transposeProgram, vjpProgram } from "../transforms/grad/index.js";
import * as tree from "../tree/index.js";
import { derive, traceSubject } from "./derived.js";
import { differentiatedLeaves, type FlatArguments, flattenCall, normalizeArgnums } from "./flatten.js";
import type { ArgsOf, In, InArgs, Out, ResultOf, Sync, UserFunction } from "../tracer/signatures.js";
import type {
  ArgsInPlace,
  Gradient,
  GradientWithAux,
  Hessian,
  Jacobian as JacobianFunction,
  Part,
  StagedResult,
  ValueAndGradient,
  ValueAndGradientWithAux,
} from "./types.js";
import { vmap } from "./vmap.js";
import { range } from "../util/index.js";

/** What to differentiate: `argnums` are positions of arguments (0), `hasAux` says that the function returns [value, aux]. */
export interface GradOptions<
  N extends number | readonly number[] = number | readonly number[],
  Aux extends boolean = boolean,
> {
  /** Which arguments are differentiated: a position (default 0) or a list of them. */
  argnums?: N;
  /** The function returns [value, aux]; aux is passed through and not differentiated. */
  hasAux?: Aux;
}

// biome-ignore lint/suspicious/noExplicitAny: functions of every kind; an unannotated parameter is any
type PairFunction = (...args: any[]) => readonly [unknown, unknown];

const flags = (mask: readonly boolean[]): string => mask.map(Number).join("");

function strongAvals(leaves: readonly Tensor[]): Aval[] {
  return leaves.map((x) => aval(x.aval.shape, x.aval.dtype));
}
function stripWeak(leaves: readonly Tensor[]): Tensor[] {
  return leaves.map((x) => convertTo(x, x.aval.dtype));
}

/** `{ forward, backward }` of a traced function as one program: inputs → outputs, cotangents of `wrt` for the given output cotangents. */
function gradientProgram(
  program: Program<"core">,
  wrt: readonly boolean[],
  seeds: (outputs: readonly Atom[], b: Builder) => readonly Atom[],
): Program<"core"> {
  const { forward, backward, numResiduals } = vjpProgram(program, wrt);
  const b = new Builder();
  const inputs = program.inputs.map((v) => b.input(v.aval, v.name));
  const all = b.inline(forward, inputs);
  const outputs = all.slice(0, all.length - numResiduals);
  const residuals = all.slice(all.length - numResiduals);
  const cotangents = b.inline(backward, [...residuals, ...seeds(outputs, b)]);
  return dce(b.finish([...outputs, ...cotangents], `grad(${program.name})`));
}

/** Keeps aux outputs out of differentiation. */
function stopOutputs(program: Program<"core">, from: number): Program<"core"> {
  if (from >= program.outputs.length) return program;
  const b = new Builder();
  const inputs = program.inputs.map((v) => b.input(v.aval, v.name));
  const outputs = b.inline(program, inputs);
  return b.finish(
    outputs.map((o, i) => (i < from || !isFloat(o.aval.dtype) ? o : b.emit1("stop_gradient", [o], {}))),
    program.name,
  );
}

function splitAux(
  what: string,
  traced: Traced,
  hasAux: boolean,
): { valueTree: tree.TreeDef; auxTree: tree.TreeDef | undefined; numValue: number } {
  if (!hasAux) return { valueTree: traced.outTree, auxTree: undefined, numValue: traced.program.outputs.length };
  const skeleton = tree.unflatten(traced.outTree, range(traced.program.outputs.length));
  if (!Array.isArray(skeleton) || skeleton.length !== 2) {
    fail("TW1009", `${what}: with hasAux the function must return [value, aux], it returns ${traced.outTree}`, {
      help: "return a pair, or drop hasAux",
    });
  }
  const value = tree.flatten(skeleton[0]);
  return { valueTree: value.treedef, auxTree: tree.structure(skeleton[1]), numValue: value.leaves.length };
}

/**
 * Value and gradient of a function with a scalar result.
 *
 * @returns with `hasAux`, `[[value, aux], gradient]`; else `[value, gradient]`
 * @throws TW3001 when the result is not a float scalar, TW3002 when a differentiated argument is not float
 * @example const [loss, g] = valueAndGrad(loss)(params, x, y);
 */
export function valueAndGrad<F extends PairFunction, const N extends number | readonly number[] = 0>(
  f: F & Sync<F>,
  options: GradOptions<N, true> & { hasAux: true },
): ValueAndGradientWithAux<F, N>;
export function valueAndGrad<F extends UserFunction, const N extends number | readonly number[] = 0>(
  f: F & Sync<F>,
  options?: GradOptions<N, false>,
): ValueAndGradient<F, N>;
export function valueAndGrad(f: AnyFunction, options: GradOptions = {}): AnyFunction {
  return gradFunction("valueAndGrad", f, options);
}

/**
 * The gradient of a function with a scalar result, with the structure of the differentiated argument.
 *
 * @throws TW3001 when the result is not a float scalar, TW3002 when a differentiated argument is not float
 * @example grad((x: Tensor) => x.mul(x).sum())(np.array([1, 2])) // [2, 4]
 */
export function grad<F extends PairFunction, const N extends number | readonly number[] = 0>(
  f: F & Sync<F>,
  options: GradOptions<N, true> & { hasAux: true },
): GradientWithAux<F, N>;
export function grad<F extends UserFunction, const N extends number | readonly number[] = 0>(
  f: F & Sync<F>,
  options?: GradOptions<N, false>,
): Gradient<F, N>;
export function grad(f: AnyFunction, options: GradOptions = {}): AnyFunction {
  const both = gradFunction("grad", f, options);
  return (...args) => {
    const [value, g] = both(...args) as [unknown, unknown];
    return options.hasAux ? [g, (value as [unknown, unknown])[1]] : g;
  };
}

function gradFunction(what: string, f: AnyFunction, options: GradOptions): AnyFunction {
  checkFunction(what, f);
  const name = f.name;
  const label = `${what}(${name || "function"})`;
  checkOptions(label, options, ["argnums", "hasAux"] satisfies (keyof GradOptions)[]);
  return (...args) => {
    const flat = flattenCall(label, args);
    const argnums = normalizeArgnums(options.argnums);
    const leaves = stripWeak(flat.leaves);
    const marked = new Set(differentiatedLeaves(label, "", flat, args, argnums));
    const traced = traceSubject(f, strongAvals(leaves), flat.treedef, { kind: "grad", name, args: leaves });
    const { valueTree, auxTree, numValue } = splitAux(label, traced, options.hasAux ?? false);
    checkScalar(label, traced.program, numValue);
    const { program } = traced;
    const numCaptures = traced.captures.length;
    const wrt = program.inputs.map((_, i) => marked.has(i - numCaptures));
    const [combined] = derive(traced, `grad ${flags(wrt)} ${numValue}`, (p) => ({
      programs: [
        gradientProgram(stopOutputs(p, numValue), wrt, (outputs, b) =>
          outputs.filter((o) => isFloat(o.aval.dtype)).map((o, i) => (i === 0 ? b.fullLike(o, 1) : b.fullLike(o, 0))),
        ),
      ],
      numResiduals: 0,
    })).programs;
    const results = applyProgram(combined, [...traced.captures, ...leaves]);
    const n = program.outputs.length;
    const value = tree.unflatten(valueTree, results.slice(0, numValue));
    const gradients = collectArguments(flat, argnums, args.length, [...marked], results.slice(n), options.argnums);
    return [auxTree ? [value, tree.unflatten(auxTree, results.slice(numValue, n))] : value, gradients];
  };
}

function checkScalar(what: string, program: Program<"core">, numValue: number): void {
  const out = program.outputs[0]?.aval;
  if (numValue !== 1 || !out || out.shape.length !== 0) {
    const got = numValue === 1 && out ? printAval(out) : `${numValue} arrays`;
    fail("TW3001", `${what}: the function must return one scalar, it returns ${got}`, {});
  }
  if (!isFloat(out.dtype)) {
    fail("TW3001", `${what}: the function must return a float, it returns ${printAval(out)}`, {
      help: "convert the result with .astype('f32'); counts and indices have no gradient",
    });
  }
}

/** Puts cotangents of the marked leaves back into the trees of their arguments. */
function collectArguments(
  flat: FlatArguments,
  argnums: readonly number[],
  count: number,
  marked: readonly number[],
  values: readonly Tensor[],
  form: unknown,
): unknown {
  const ordered = new Map([...marked].sort((a, b) => a - b).map((leaf, i) => [leaf, values[i]]));
  const trees = argnums.map((n) => {
    const part = flat.arguments[n < 0 ? n + count : n];
    return tree.unflatten(
      part.treedef,
      Array.from({ length: part.count }, (_, i) => ordered.get(part.start + i) as Tensor),
    );
  });
  return Array.isArray(form) ? trees : trees[0];
}

function matchTangents(
  what: string,
  primals: FlatArguments,
  tangents: readonly unknown[],
): { marked: boolean[]; leaves: Tensor[] } {
  const flat = tree.flatten(tangents);
  if (!tree.equal(flat.treedef, primals.treedef)) {
    fail("TW1009", `${what}: the tangents have structure ${flat.treedef}, the primals ${primals.treedef}`, {
      help: "give one tangent for each primal, of the same structure",
    });
  }
  const marked = primals.leaves.map((p) => isFloat(p.aval.dtype));
  const leaves: Tensor[] = [];
  primals.leaves.forEach((p, i) => {
    if (!marked[i]) return;
    const t = leafTensor(flat.leaves[i], () => `${what}: tangent ${i}`);
    leaves.push(likePrimal(what, t, p.aval));
  });
  return { marked, leaves };
}

function likePrimal(what: string, t: Tensor, want: Aval): Tensor {
  const fits =
    t.aval.shape.length === want.shape.length && t.aval.shape.every((d, i) => dimEqual(d, want.shape[i]) !== false);
  const fitsDtype = t.aval.dtype === want.dtype || t.aval.weak === true;
  if (!fits || !fitsDtype) {
    fail(
      fits ? "TW2006" : "TW2001",
      `${what}: a (co)tangent is ${printAval(t.aval)}, what it belongs to is ${printAval(want)}`,
      {
        help: "shapes and dtypes of (co)tangents equal those of their values",
      },
    );
  }
  return convertTo(t, want.dtype);
}

/**
 * Value of `f` and its directional derivative: `jvp(f, [x], [t]) → [f(x), f'(x) t]`.
 */
export function jvp<F extends UserFunction>(
  f: F & Sync<F>,
  primals: ArgsInPlace<F>,
  tangents: ArgsInPlace<F>,
): [StagedResult<F, ResultOf<F>>, StagedResult<F, ResultOf<F>>];
export function jvp<F extends UserFunction>(
  f: F & Sync<F>,
  primals: InArgs<ArgsOf<F>>,
  tangents: InArgs<ArgsOf<F>>,
): [Out<ResultOf<F>>, Out<ResultOf<F>>];
export function jvp(f: AnyFunction, primals: readonly unknown[], tangents: readonly unknown[]): [unknown, unknown] {
  checkFunction("jvp", f);
  const name = f.name;
  const label = `jvp(${name || "function"})`;
  const flat = flattenCall(label, primals);
  const leaves = stripWeak(flat.leaves);
  const { marked, leaves: tangentLeaves } = matchTangents(label, flat, tangents);
  const traced = traceSubject(f as AnyFunction, strongAvals(leaves), flat.treedef, {
    kind: "jvp",
    name,
    args: leaves,
  });
  const nonzero = [...traced.captures.map(() => false), ...marked];
  const [program] = derive(traced, `jvp ${flags(nonzero)}`, (p) => ({
    programs: [dce(jvpProgram(p, nonzero, true).program)],
    numResiduals: 0,
  })).programs;
  const results = applyProgram(program, [...traced.captures, ...leaves, ...tangentLeaves]);
  const n = traced.program.outputs.length;
  return [
    tree.unflatten(traced.outTree, results.slice(0, n)),
    tree.unflatten(traced.outTree, spread(traced.program, results.slice(n))),
  ];
}

/** Tangents of the float outputs, with zeros (f32) in the places of the others. */
function spread(program: Program<"core">, tangents: readonly Tensor[]): Tensor[] {
  let next = 0;
  return program.outputs.map((o) => {
    if (isFloat(o.aval.dtype)) return tangents[next++];
    const zero = scalar(0, "f32");
    return o.aval.shape.length === 0 ? zero : bind("broadcast_in_dim", [zero], { shape: o.aval.shape, dims: [] })[0];
  });
}

/**
 * Value of `f` and its linear map at the primals: `linearize(f, x) → [f(x), t => f'(x) t]`. The nonlinear part is computed once.
 */
export function linearize<F extends UserFunction>(
  f: F & Sync<F>,
  ...primals: ArgsInPlace<F>
): [StagedResult<F, ResultOf<F>>, (...tangents: ArgsInPlace<F>) => StagedResult<F, ResultOf<F>>];
export function linearize<F extends UserFunction>(
  f: F & Sync<F>,
  ...primals: InArgs<ArgsOf<F>>
): [Out<ResultOf<F>>, (...tangents: InArgs<ArgsOf<F>>) => Out<ResultOf<F>>];
export function linearize(f: AnyFunction, ...primals: readonly unknown[]): unknown {
  checkFunction("linearize", f);
  const name = f.name;
  const label = `linearize(${name || "function"})`;
  const flat = flattenCall(label, primals);
  const leaves = stripWeak(flat.leaves);
  const traced = traceSubject(f as AnyFunction, strongAvals(leaves), flat.treedef, {
    kind: "jvp",
    name,
    args: leaves,
  });
  const marked = leaves.map((x) => isFloat(x.aval.dtype));
  const nonzero = [...traced.captures.map(() => false), ...marked];
  const numOut = traced.program.outputs.length;
  const parts = derive(traced, `linearize ${flags(nonzero)}`, (p) => {
    const both = jvpProgram(p, nonzero, true).program;
    const { known, unknown, residuals } = partialEval(
      both,
      both.inputs.map((_, i) => i >= p.inputs.length),
      both.outputs.map((_, i) => i >= numOut),
    );
    return { programs: [dce(known), dce(unknown)], numResiduals: residuals.length };
  });
  const [knownPart, linearPart] = parts.programs;
  const known = applyProgram(knownPart, [...traced.captures, ...leaves]);
  const residuals = known.slice(known.length - parts.numResiduals);
  return [
    tree.unflatten(traced.outTree, known.slice(0, numOut)),
    (...tangents: unknown[]) => {
      const t = matchTangents(label, flat, tangents);
      return tree.unflatten(
        traced.outTree,
        spread(traced.program, applyProgram(linearPart, [...residuals, ...t.leaves])),
      );
    },
  ];
}

/** What a pullback takes: as written in staged code, and numbers for tensors elsewhere. */
type Cotangent<F, R> = StagedResult<F, R> | In<Out<R>>;

export interface VjpOptions<Aux extends boolean = boolean> {
  hasAux?: Aux;
}

/**
 * Value of `f` and the function that pulls cotangents back: `vjp(f, x) → [f(x), ct => [cotangent of x]]`.
 * The last argument may be `{ hasAux: true }` through `vjpWithOptions`.
 */
export function vjp<F extends UserFunction>(
  f: F & Sync<F>,
  ...primals: ArgsInPlace<F>
): [StagedResult<F, ResultOf<F>>, (cotangent: Cotangent<F, ResultOf<F>>) => StagedResult<F, ArgsOf<F>>];
export function vjp<F extends UserFunction>(
  f: F & Sync<F>,
  ...primals: InArgs<ArgsOf<F>>
): [Out<ResultOf<F>>, (cotangent: In<Out<ResultOf<F>>>) => Out<ArgsOf<F>>];
export function vjp(f: AnyFunction, ...primals: readonly unknown[]): unknown {
  return vjpParts("vjp", f, primals, false);
}

/** `vjp` of a function that returns [value, aux]: `[value, pullback, aux]`. */
export function vjpWithAux<F extends PairFunction>(
  f: F & Sync<F>,
  ...primals: ArgsInPlace<F>
): [
  StagedResult<F, Part<ResultOf<F>, 0>>,
  (cotangent: Cotangent<F, Part<ResultOf<F>, 0>>) => StagedResult<F, ArgsOf<F>>,
  StagedResult<F, Part<ResultOf<F>, 1>>,
];
export function vjpWithAux<F extends PairFunction>(
  f: F & Sync<F>,
  ...primals: InArgs<ArgsOf<F>>
): [Out<Part<ResultOf<F>, 0>>, (cotangent: In<Out<Part<ResultOf<F>, 0>>>) => Out<ArgsOf<F>>, Out<Part<ResultOf<F>, 1>>];
export function vjpWithAux(f: AnyFunction, ...primals: readonly unknown[]): unknown {
  return vjpParts("vjp", f, primals, true);
}

function vjpParts(what: string, f: AnyFunction, primals: readonly unknown[], hasAux: boolean): unknown[] {
  checkFunction(what, f);
  const name = f.name;
  const label = `${what}(${name || "function"})`;
  const flat = flattenCall(label, primals);
  const leaves = stripWeak(flat.leaves);
  const traced = traceSubject(f, strongAvals(leaves), flat.treedef, { kind: "grad", name, args: leaves });
  const { valueTree, auxTree, numValue } = splitAux(label, traced, hasAux);
  const { program } = traced;
  const floats = leaves.map((x) => isFloat(x.aval.dtype));
  const wrt = [...traced.captures.map(() => false), ...floats];
  const { programs, numResiduals } = derive(traced, `vjp ${flags(wrt)} ${numValue}`, (p) => {
    const made = vjpProgram(stopOutputs(p, numValue), wrt);
    return { programs: [dce(made.forward), dce(made.backward)], numResiduals: made.numResiduals };
  });
  const [forward, backward] = programs;
  const all = applyProgram(forward, [...traced.captures, ...leaves]);
  const outputs = all.slice(0, all.length - numResiduals);
  const residuals = all.slice(all.length - numResiduals);
  const pull = (cotangent: unknown): unknown => {
    const ct = tree.flatten(cotangent);
    if (!tree.equal(ct.treedef, valueTree)) {
      fail("TW1009", `${label}: the cotangent has structure ${ct.treedef}, the output ${valueTree}`, {
        help: "give one cotangent for each output",
      });
    }
    const cts: Tensor[] = [];
    program.outputs.forEach((o, i) => {
      if (!isFloat(o.aval.dtype)) return;
      if (i < numValue)
        cts.push(
          likePrimal(
            label,
            leafTensor(ct.leaves[i], () => `${label}: cotangent ${i}`),
            o.aval,
          ),
        );
      else cts.push(zerosOf(o.aval));
    });
    const grads = applyProgram(backward, [...residuals, ...cts]);
    let next = 0;
    const full = leaves.map((x, i) => (floats[i] ? grads[next++] : zerosOf(aval(x.aval.shape, "f32"))));
    return flat.arguments.map((p) => tree.unflatten(p.treedef, full.slice(p.start, p.start + p.count)));
  };
  const value = tree.unflatten(valueTree, outputs.slice(0, numValue));
  return auxTree ? [value, pull, tree.unflatten(auxTree, outputs.slice(numValue))] : [value, pull];
}

function zerosOf(a: Aval): Tensor {
  const zero = scalar(0, a.dtype);
  return a.shape.length === 0 ? zero : bind("broadcast_in_dim", [zero], { shape: a.shape, dims: [] })[0];
}

/**
 * The transpose of a linear function: `linearTranspose(f, x)(ct)` gives, for f linear in its arguments, what `vjp` would without evaluating f.
 * The arguments only tell shapes.
 * @throws TW3011 when f is not linear
 */
export function linearTranspose<F extends UserFunction>(
  f: F & Sync<F>,
  ...primals: ArgsInPlace<F>
): (cotangent: Cotangent<F, ResultOf<F>>) => StagedResult<F, ArgsOf<F>>;
export function linearTranspose<F extends UserFunction>(
  f: F & Sync<F>,
  ...primals: InArgs<ArgsOf<F>>
): (cotangent: In<Out<ResultOf<F>>>) => Out<ArgsOf<F>>;
export function linearTranspose(f: AnyFunction, ...primals: readonly unknown[]): unknown {
  checkFunction("linearTranspose", f);
  const name = f.name;
  const label = `linearTranspose(${name || "function"})`;
  const flat = flattenCall(label, primals);
  const traced = traceFunction(f as AnyFunction, strongAvals(flat.leaves), flat.treedef, { kind: "shape", name });
  const n = traced.captures.length;
  const transposed = transposeProgram(
    traced.program,
    traced.program.inputs.map((_, i) => i >= n),
  );
  return (cotangent: unknown) => {
    const ct = tree.flatten(cotangent);
    if (!tree.equal(ct.treedef, traced.outTree))
      fail("TW1009", `${label}: the cotangent has structure ${ct.treedef}, the output ${traced.outTree}`, {});
    const cts = ct.leaves.map((x, i) =>
      likePrimal(
        label,
        leafTensor(x, () => `${label}: cotangent ${i}`),
        traced.program.outputs[i].aval,
      ),
    );
    const grads = applyProgram(dce(transposed), [...traced.captures, ...cts]);
    return flat.arguments.map((p) => tree.unflatten(p.treedef, grads.slice(p.start, p.start + p.count)));
  };
}

/** One-hot directions over all leaves of a tree: for leaf i an array [total, ...shape of leaf i]. */
function standardBasis(leaves: readonly Tensor[]): Tensor[] {
  const sizes = leaves.map((x) => x.size);
  const total = sizes.reduce((a, b) => a + b, 0);
  // one program, which runs in one pass over the result
  const b = new Builder();
  let offset = 0;
  const eyes = leaves.map((x, i) => {
    const shape = [total, sizes[i]];
    const column = b.add(b.iota(shape, 1, "i32"), b.full(shape, offset, "i32"));
    offset += sizes[i];
    const hit = b.op("eq", b.iota(shape, 0, "i32"), column);
    return b.reshape(b.convert(hit, x.aval.dtype), [total, ...x.shape]);
  });
  return bind("call", [], { program: b.finish(eyes, "basis"), name: "basis" });
}

/** Cuts axis 0 of a stacked result into one block for each leaf, shaped like it. */
function unstackBasis(stacked: Tensor, leaves: readonly Tensor[], place: "first" | "last"): Tensor[] {
  const rest = stacked.shape.slice(1);
  let offset = 0;
  return leaves.map((x) => {
    const n = x.size;
    const part = bind("slice", [stacked], {
      start: [offset, ...rest.map(() => 0)],
      limit: [offset + n, ...rest],
      strides: stacked.shape.map(() => 1),
    })[0];
    offset += n;
    const moved = place === "first" ? part : bind("transpose", [part], { perm: [...rest.map((_, i) => i + 1), 0] })[0];
    return bind("reshape", [moved], { shape: place === "first" ? [...x.shape, ...rest] : [...rest, ...x.shape] })[0];
  });
}

type Jacobian = (f: AnyFunction, options?: { argnums?: number }) => AnyFunction;

function jacobian(what: string, forward: boolean): Jacobian {
  return (f, options = {}) => {
    checkFunction(what, f);
    const label = `${what}(${f.name || "function"})`;
    checkOptions(label, options, ["argnums"]);
    return (...args) => {
      const argnums = options.argnums ?? 0;
      const all = flattenCall(label, args);
      differentiatedLeaves(label, f.name, all, args, [argnums]);
      const n = argnums < 0 ? argnums + args.length : argnums;
      const flat = all.arguments[n];
      const part = (k: number): Tensor[] =>
        all.leaves.slice(all.arguments[k].start, all.arguments[k].start + all.arguments[k].count);
      const leaves = stripWeak(part(n));
      const only = (...xs: Tensor[]): unknown =>
        staged(f)(...all.arguments.map((a, i) => tree.unflatten(a.treedef, i === n ? xs : part(i))));
      if (forward) {
        // columns: one jvp for each input element, stacked on axis 0
        const outTree: { def?: tree.TreeDef } = {};
        const columns = vmap((...ts: Tensor[]) => {
          const out = tree.flatten(jvp(only, leaves, ts)[1]);
          outTree.def = out.treedef;
          return out.leaves as Tensor[];
        })(...standardBasis(leaves)) as Tensor[];
        const blocks = columns.map((c) => tree.unflatten(flat.treedef, unstackBasis(c, leaves, "last")));
        return tree.unflatten(outTree.def as tree.TreeDef, blocks);
      }
      const [out, pull] = vjp(only, ...leaves);
      const outs = tree.flatten(out);
      const outLeaves = outs.leaves as Tensor[];
      const rows = vmap((...cts: Tensor[]) => (pull as (ct: unknown) => Tensor[])(tree.unflatten(outs.treedef, cts)))(
        ...standardBasis(outLeaves),
      ) as Tensor[];
      const perInput = rows.map((r) => unstackBasis(r, outLeaves, "first"));
      const blocks = outLeaves.map((_, o) =>
        tree.unflatten(
          flat.treedef,
          perInput.map((p) => p[o]),
        ),
      );
      return tree.unflatten(outs.treedef, blocks);
    };
  };
}

/** The Jacobian by forward mode (few inputs): for each output leaf, the tree of the argument with leaves [...output shape, ...input shape]. */
export function jacfwd<F extends UserFunction, const N extends number = 0>(
  f: F & Sync<F>,
  options?: { argnums?: N },
): JacobianFunction<F, N>;
export function jacfwd(f: AnyFunction, options?: { argnums?: number }): AnyFunction {
  return jacobian("jacfwd", true)(f, options);
}
/** The Jacobian by reverse mode (few outputs); laid out as that of `jacfwd`. */
export function jacrev<F extends UserFunction, const N extends number = 0>(
  f: F & Sync<F>,
  options?: { argnums?: N },
): JacobianFunction<F, N>;
export function jacrev(f: AnyFunction, options?: { argnums?: number }): AnyFunction {
  return jacobian("jacrev", false)(f, options);
}
/** Second derivatives, forward over reverse: leaves [...output, ...input, ...input]. */
export function hessian<F extends UserFunction, const N extends number = 0>(
  f: F & Sync<F>,
  options?: { argnums?: N },
): Hessian<F, N>;
export function hessian(f: AnyFunction, options?: { argnums?: number }): AnyFunction {
  return jacobian("hessian", true)(jacobian("hessian", false)(f, options), options);
}
