/**
 * Loops that walk an axis which is not an array's first, as attention walks its heads: what they read is not copied in their order
 * before, but read where it is. An iteration sees the whole array from a place that moves on by the axis's stride, and
 * of its own axis only the first element.
 */
import { isStatic, type Shape } from "../../ir/dim.js";
import { type AnyEqn, type Atom, isVar, type Program, Var } from "../../ir/program.js";
import { makeEqn, substitute } from "../../ir/rewrite.js";
import { prod } from "../../util/index.js";

/** Neighbours that lie together: with fewer, walking through memory costs more than a copy. */
const LEAST_RUN = 16;
/** An array of which a part is walked is put into memory whole, unless it lies there anyway. */
const MOST_WHOLE = 4;

/** Elements of `root` at which those of an array lie: Σ index · stride. `eqns` make the array from it. */
interface Walk {
  readonly root: Var;
  readonly strides: readonly number[];
  readonly eqns: readonly AnyEqn[];
}

/** The equations with loops that read arrays where they are. */
export function walkInPlace(eqns: readonly AnyEqn[]): readonly AnyEqn[] {
  if (!eqns.some(isMap)) return eqns;
  const made = new Map<Var, AnyEqn>(eqns.flatMap((e) => e.outputs.map((v): [Var, AnyEqn] => [v, e])));
  return eqns.map((e) => (isMap(e) ? inPlace(e, made) : e));
}
type Scan = Extract<AnyEqn, { prim: "scan" }>;
function isMap(e: AnyEqn): e is Scan {
  return e.prim === "scan" && e.params.numCarry === 0 && isStatic(e.params.length) && e.params.length > 1;
}

function inPlace(scan: Scan, made: ReadonlyMap<Var, AnyEqn>): AnyEqn {
  const { body, numConsts } = scan.params;
  const steps: (number | null)[] = scan.inputs.map(() => null);
  const inputs = [...body.inputs];
  const first: AnyEqn[] = [];
  const operands = scan.inputs.map((x, i): Atom => {
    const walk = walkOf(x, made);
    if (!walk || !isWorthIt(x, walk, made)) return x;
    const isConst = i < numConsts;
    if (!isConst) steps[i] = walk.strides[0];
    const whole = new Var(walk.root.aval, walk.root.name);
    first.push(...remade(walk, x, whole, inputs[i], isConst));
    inputs[i] = whole;
    return walk.root;
  });
  if (first.length === 0) return scan;
  const own: Program<"core"> = { ...body, inputs, eqns: [...first, ...body.eqns] };
  return { ...scan, inputs: operands, params: { ...scan.params, body: own, steps } };
}

/** Equations that make `own` from `whole` in place of the root: all of the array, or the first of its elements. */
function remade({ root, eqns }: Walk, x: Atom, whole: Var, own: Var, isAll: boolean): AnyEqn[] {
  const { span } = eqns[eqns.length - 1];
  const { shape } = x.aval;
  const replace = new Map<Var, Atom>([[root, whole]]);
  const copied = eqns.map((e): AnyEqn => {
    const outputs = e.outputs.map((v) => new Var(v.aval, v.name));
    const copy = { ...substitute(e, replace), outputs } as AnyEqn;
    e.outputs.forEach((v, k) => replace.set(v, outputs[k]));
    return copy;
  });
  if (isAll) {
    const last = copied[copied.length - 1];
    return [...copied.slice(0, -1), { ...last, outputs: [own] } as AnyEqn];
  }
  const all = (isVar(x) ? replace.get(x) : undefined) ?? x;
  const part = { start: shape.map(() => 0), limit: [1, ...shape.slice(1)], strides: shape.map(() => 1) };
  const slice = makeEqn("slice", [all], part, span);
  const reshape = makeEqn("reshape", slice.outputs, { shape: own.aval.shape }, span);
  return [...copied, slice, { ...reshape, outputs: [own] } as AnyEqn];
}

function isWorthIt(x: Atom, { root, strides, eqns }: Walk, made: ReadonlyMap<Var, AnyEqn>): boolean {
  const { shape } = x.aval;
  if (eqns.length === 0 || !shape.every(isStatic)) return false;
  const dense = denseStrides(shape);
  // in order already: the same bytes
  if (strides.every((s, i) => s === dense[i] || shape[i] === 1)) return false;
  const last = shape.length - 1;
  if (strides[last] !== 1 || shape[last] < LEAST_RUN || strides[0] < 1) return false;
  return !made.has(root) || prod(root.aval.shape as number[]) <= MOST_WHOLE * prod(shape);
}

function denseStrides(shape: readonly number[]): number[] {
  return shape.map((_, i) => prod(shape.slice(i + 1)));
}

/** How an array lies in the one whose elements it has; null for what lies nowhere. */
function walkOf(x: Atom, made: ReadonlyMap<Var, AnyEqn>): Walk | null {
  if (!isVar(x) || !x.aval.shape.every(isStatic)) return null;
  const e = made.get(x);
  const of =
    e && (e.prim === "transpose" || e.prim === "reshape" || e.prim === "slice") ? walkOf(e.inputs[0], made) : null;
  const strides = e && of ? stridesAfter(e, of.strides) : null;
  if (!e || !of || !strides) return { root: x, strides: denseStrides(x.aval.shape as number[]), eqns: [] };
  return { ...of, strides, eqns: [...of.eqns, e] };
}

function stridesAfter(e: AnyEqn, strides: readonly number[]): readonly number[] | null {
  switch (e.prim) {
    case "transpose":
      return e.params.perm.map((p) => strides[p]);
    case "slice":
      // what is cut off before the first element must not move: it is the same for all iterations
      return strides.map((s, i) => s * e.params.strides[i]);
    case "reshape":
      return reshaped(e.inputs[0].aval.shape as number[], strides, e.outputs[0].aval.shape as number[]);
    default:
      return null;
  }
}

/** Strides under another shape; null where an axis of it would need several. */
function reshaped(from: readonly number[], strides: readonly number[], to: Shape): readonly number[] | null {
  const result: number[] = to.map(() => 0);
  const old = from.flatMap((n, i) => (n === 1 ? [] : [{ n, stride: strides[i] }]));
  let next = 0;
  for (let i = 0; i < to.length; ) {
    if (to[i] === 1) {
      i++;
      continue;
    }
    if (next >= old.length) return null;
    // axes of both sides that hold the same elements
    let end = i + 1;
    let [own, theirs] = [to[i] as number, old[next].n];
    let stop = next + 1;
    while (own !== theirs) {
      if (own < theirs) {
        if (end >= to.length) return null;
        own *= to[end++] as number;
      } else {
        if (stop >= old.length) return null;
        if (old[stop - 1].stride !== old[stop].stride * old[stop].n) return null;
        theirs *= old[stop++].n;
      }
    }
    let step = old[stop - 1].stride;
    for (let k = end - 1; k >= i; k--) {
      result[k] = step;
      step *= to[k] as number;
    }
    next = stop;
    i = end;
  }
  return result;
}
