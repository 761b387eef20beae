/** Accesses that are not known to be within their arrays are made so: loads clamp their index, stores and atomics get a mask. */
import { aval } from "../../ir/aval.js";
import type { KernelOps } from "../../ir/ops/index.js";
import { type AnyEqn, type Atom, literal, type Program } from "../../ir/program.js";
import { makeEqn, mapPrograms, mapSame, nestedPrograms, withEqns, withInputs } from "../../ir/rewrite.js";
import { staticSizes } from "../../ir/size.js";
import { type AccessEqn, analyseKernel, indexAt, isAccess, type Side } from "./analyse.js";

type Core = Program<"core">;

/** Programs never change: what a program became is remembered. */
const done = new WeakMap<Core, Core>();

/** The program, with every kernel in it safe whatever the data are. */
export function guardKernels(p: Core): Core {
  let result = done.get(p);
  if (!result) {
    result = withEqns(p, mapSame(p.eqns, guardEqn));
    done.set(p, result);
  }
  return result;
}
function guardEqn(eqn: AnyEqn): AnyEqn {
  if (nestedPrograms(eqn).length === 0) return eqn;
  if (eqn.prim !== "kernel_call") return mapPrograms(eqn, guardKernels);
  if (eqn.params.guarded) return eqn;
  const body = guardBody(eqn.params);
  return body === eqn.params.body ? eqn : { ...eqn, params: { ...eqn.params, body } };
}

/** As `guardKernels`; the kernels say that it was done, so that sizes may become names. Without kernels, the same program. */
export function guardForAllSizes(p: Core): Core {
  return mark(guardKernels(p));
}
const marked = new WeakMap<Core, Core>();
function mark(p: Core): Core {
  let result = marked.get(p);
  if (!result) {
    const eqns = mapSame(p.eqns, (e): AnyEqn => {
      if (e.prim === "kernel_call") return { ...e, params: { ...e.params, guarded: true } };
      return nestedPrograms(e).length === 0 ? e : mapPrograms(e, mark);
    });
    result = withEqns(p, eqns);
    marked.set(p, result);
  }
  return result;
}

/** The body of a kernel whose loads and stores stay within their arrays; the same program where that was known. */
export function guardBody(params: Pick<KernelOps["kernel_call"], "body" | "grid" | "inits">): Core {
  if (staticSizes(params.grid).includes(0)) return params.body;
  const unsafe = new Map<AccessEqn, Side[]>();
  const seen = new Set<AccessEqn>();
  analyseKernel(params, ({ eqn, sides }) => {
    seen.add(eqn);
    if (sides.every((s) => s.low && s.high)) return;
    const worst = unsafe.get(eqn);
    unsafe.set(
      eqn,
      worst ? worst.map((s, a) => ({ low: s.low && sides[a].low, high: s.high && sides[a].high })) : [...sides],
    );
  });
  const known = new Map<Core, Core>();
  const rewrite = (p: Core): Core => {
    let result = known.get(p);
    if (!result) {
      const eqns = p.eqns.flatMap((eqn): readonly AnyEqn[] => {
        if (!isAccess(eqn)) return [mapPrograms(eqn, rewrite)];
        // what no way was found to is never run, but costs nothing to make safe
        const sides = seen.has(eqn)
          ? unsafe.get(eqn)
          : eqn.inputs[0].aval.shape.map(() => ({ low: false, high: false }));
        return sides ? guarded(eqn, sides) : [eqn];
      });
      result = withEqns(p, eqns);
      known.set(p, result);
    }
    return result;
  };
  return rewrite(params.body);
}

function guarded(eqn: AccessEqn, sides: readonly Side[]): readonly AnyEqn[] {
  const shape = staticSizes(eqn.inputs[0].aval.shape);
  const from = indexAt(eqn);
  const rank = shape.length;
  const index = eqn.inputs.slice(from, from + rank);
  if (rank === 0) return [eqn];
  const block = staticSizes(index[0].aval.shape);
  const eqns: AnyEqn[] = [];
  const add = (e: AnyEqn): Atom => {
    eqns.push(e);
    return e.outputs[0];
  };
  const full = (n: number): Atom => {
    const x = literal(n, aval([], "i32"));
    return block.length === 0 ? x : add(makeEqn("broadcast_in_dim", [x], { shape: block, dims: [] }, eqn.span));
  };
  let mask: Atom | undefined = eqn.params.masked ? eqn.inputs[from + rank] : undefined;
  const also = (test: Atom): void => {
    mask = mask ? add(makeEqn("and", [mask, test], {}, eqn.span)) : test;
  };
  const clamps = eqn.prim === "load" && !shape.includes(0);
  const safe = index.map((x, a) => {
    const { low, high } = sides[a];
    if (!clamps) {
      if (!low) also(add(makeEqn("ge", [x, full(0)], {}, eqn.span)));
      if (!high) also(add(makeEqn("lt", [x, full(shape[a])], {}, eqn.span)));
      return x;
    }
    if (!low && !high) return add(makeEqn("clamp", [full(0), x, full(shape[a] - 1)], {}, eqn.span));
    if (!low) return add(makeEqn("max", [x, full(0)], {}, eqn.span));
    return high ? x : add(makeEqn("min", [x, full(shape[a] - 1)], {}, eqn.span));
  });
  const after = eqn.inputs.slice(from + rank + (eqn.params.masked ? 1 : 0));
  const inputs = [...eqn.inputs.slice(0, from), ...safe, ...(mask ? [mask] : []), ...after];
  const now = withInputs(eqn, inputs);
  if (mask && !eqn.params.masked) eqns.push({ ...now, params: { ...now.params, masked: true } } as AnyEqn);
  else eqns.push(now);
  return eqns;
}
