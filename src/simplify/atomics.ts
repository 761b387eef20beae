/**
 * Atomic operations of users' kernels for machines that run the programs of such a kernel in turn: results are the same in every run,
 * sums of floats included. What was there before is loaded first; lanes that may meet and want to know it are done one by one.
 */
import { Builder } from "../ir/builder.js";
import type { KernelOps } from "../ir/ops/index.js";
import { type AnyEqn, type Atom, type Program, type Var } from "../ir/program.js";
import { mapPrograms, mapSame, nestedPrograms, withEqns } from "../ir/rewrite.js";
import { staticSizes } from "../ir/size.js";
import { prod } from "../util/index.js";

type Core = Program<"core">;
type Atomic = Extract<AnyEqn, { prim: "atomic" | "atomic_cas" }>;

/** Programs never change: what a program became is remembered. */
const done = new WeakMap<Core, Core>();
const NOTE = "atomics: the programs run one after the other, so that results are the same in every run";

/** Kernels with atomic operations whose programs may meet, with programs in turn instead. */
export function atomicsInTurn(p: Core): Core {
  let result = done.get(p);
  if (!result) {
    result = withEqns(p, mapSame(p.eqns, kernelInTurn));
    done.set(p, result);
  }
  return result;
}
function kernelInTurn(eqn: AnyEqn): AnyEqn {
  if (nestedPrograms(eqn).length === 0) return eqn;
  if (eqn.prim !== "kernel_call") return mapPrograms(eqn, atomicsInTurn);
  const { params } = eqn;
  if (!hasAtomics(params.body)) return eqn;
  const now: KernelOps["kernel_call"] = {
    ...params,
    body: bodyInTurn(params.body),
    serial: params.grid.map(() => true),
    notes: [...(params.notes ?? []), NOTE],
  };
  return { ...eqn, params: now };
}
function isOpen(eqn: AnyEqn): eqn is Atomic {
  return eqn.prim === "atomic_cas" || (eqn.prim === "atomic" && eqn.params.meet === undefined);
}
function hasAtomics(p: Core): boolean {
  return p.eqns.some((e) => isOpen(e) || nestedPrograms(e).some(hasAtomics));
}

function bodyInTurn(p: Core): Core {
  if (!hasAtomics(p)) return p;
  const used = new Set<Atom>(p.outputs);
  for (const eqn of p.eqns) for (const a of eqn.inputs) used.add(a);
  return withEqns(
    p,
    p.eqns.flatMap((eqn): readonly AnyEqn[] => {
      if (!isOpen(eqn)) return [mapPrograms(eqn, bodyInTurn)];
      if (eqn.prim === "atomic" && !used.has(eqn.outputs[1]))
        return [{ ...eqn, params: { ...eqn.params, meet: "lanes" } }];
      return withOld(eqn);
    }),
  );
}

/** The operation, and what was there before. */
function withOld(eqn: Atomic): readonly AnyEqn[] {
  const b = new Builder();
  b.span = eqn.span;
  const [ref, ...lanes] = eqn.inputs;
  const shape = staticSizes(eqn.outputs[1].aval.shape);
  const count = prod(shape);
  let results: readonly Atom[];
  if (shape.length === 0 || count === 0) results = step(b, eqn, ref, lanes);
  else {
    const flat = lanes.map((x) => b.reshape(x, [count]));
    const body = new Builder();
    body.span = eqn.span;
    const own = body.input(ref.aval);
    const scalars = flat.map((x) => body.input({ ...x.aval, shape: [] }));
    const program = body.finish(step(body, eqn, own, scalars), eqn.prim);
    const params = { body: program, length: count, reverse: false, numConsts: 0, numCarry: 1 };
    const [after, old] = b.emit("scan", [ref, ...flat], params);
    results = [after, b.reshape(old, shape)];
  }
  // the last equations define what the operation did
  const names = new Map(results.map((a, i) => [a, eqn.outputs[i]]));
  const read = (a: Atom): Atom => names.get(a) ?? a;
  return b.eqns.map((e): AnyEqn => {
    const outputs = e.outputs.map((v) => read(v) as Var);
    return { ...e, inputs: mapSame(e.inputs, read), outputs } as AnyEqn;
  });
}

/** On one lane, or on lanes that do not meet. */
function step(b: Builder, eqn: Atomic, ref: Atom, lanes: readonly Atom[]): readonly Atom[] {
  const { masked } = eqn.params;
  const values = eqn.prim === "atomic" ? 1 : 2;
  const at = lanes.slice(values);
  const old = b.emit1("load", [ref, ...at], { masked, other: false });
  if (eqn.prim === "atomic") {
    const [after] = b.emit("atomic", [ref, ...lanes], { ...eqn.params, meet: "none" });
    return [after, old];
  }
  const [compare, value] = lanes;
  const next = b.select(b.op("eq", old, compare), value, old);
  const after = b.emit1("store", [ref, next, ...at], { masked });
  return [after, old];
}
