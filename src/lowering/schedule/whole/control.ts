/** Branches and loops in kernels: values that they change are variables; memory stays where it is. */
import { internal } from "../../../diagnostics/error.js";
import type { ControlOps } from "../../../ir/ops/index.js";
import type { AnyEqn, Program } from "../../../ir/program.js";
import { identityOf } from "../../../ir/reduce-op.js";
import type { TileAtom, TileVar } from "../../../ir/tile.js";
import { kernelDType } from "../expand.js";
import { isMemory, rowMajor, spread, staticShapeOf, type Thing, type WholeKernel } from "./kernel.js";

export function lowerCond(k: WholeKernel, eqn: AnyEqn, branches: readonly Program<"core">[]): void {
  const { b } = k;
  const [test, ...operands] = eqn.inputs;
  const inputs = operands.map((a) => k.thing(a));
  const which = k.value(test);
  const vars = new Map<number, TileVar>();
  const variable = (i: number): TileVar => {
    const known = vars.get(i);
    if (known) return known;
    const { aval } = eqn.outputs[i];
    const dtype = kernelDType(aval.dtype);
    const zero = dtype === "u64" ? 0n : dtype === "bool" ? false : 0;
    const made = b.var(b.const(zero, dtype, staticShapeOf(aval.shape)));
    vars.set(i, made);
    return made;
  };
  // a result that is memory in one branch is the same memory in all
  const memory = (p: Program<"core">, i: number): Thing | null => memoryOf(p, i, inputs);
  const kept = eqn.outputs.map((_, i) => memory(branches[0], i));
  kept.forEach((m, i) => {
    if (!m) variable(i);
  });
  const run = (p: Program<"core">): void => {
    const results = k.call(p, inputs);
    const values = results.map((r) => (isMemory(r) ? null : k.copy(r)));
    values.forEach((x, i) => {
      if (kept[i] || !x) return;
      const v = variable(i);
      b.assign(v, spread(k, x, v.shape));
    });
  };
  const choose = (from: number): void => {
    if (from === branches.length - 1) {
      run(branches[from]);
      return;
    }
    const here = which.dtype === "bool" ? b.op("not", [which]) : b.op("le", [which, b.i32(from)]);
    b.if(
      here,
      () => run(branches[from]),
      () => choose(from + 1),
    );
  };
  choose(0);
  eqn.outputs.forEach((v, i) => {
    k.set(v, kept[i] ?? variable(i));
  });
}

/** The memory that a result of a program is, if it is an operand's: followed back through what is stored into it. */
function memoryOf(p: Program<"core">, output: number, inputs: readonly Thing[]): Thing | null {
  let at = p.outputs[output];
  for (;;) {
    const i = p.inputs.findIndex((v) => v === at);
    if (i >= 0) return isMemory(inputs[i]) ? inputs[i] : null;
    const eqn = p.eqns.find((e) => e.outputs.some((v) => v === at));
    if (!eqn) return null;
    const position = eqn.outputs.findIndex((v) => v === at);
    if (eqn.prim === "store" || ((eqn.prim === "atomic" || eqn.prim === "atomic_cas") && position === 0)) {
      at = eqn.inputs[0];
      continue;
    }
    const operand = operandOf(eqn, position);
    if (operand === undefined) return null;
    at = operand;
  }
}
/** The operand whose memory a result of nested control flow would be. */
function operandOf(eqn: AnyEqn, position: number): AnyEqn["inputs"][number] | undefined {
  switch (eqn.prim) {
    case "scan":
      return position < eqn.params.numCarry ? eqn.inputs[eqn.params.numConsts + position] : undefined;
    case "while":
      return eqn.inputs[eqn.params.condConsts + eqn.params.bodyConsts + position];
    case "cond": {
      const inner = eqn.params.branches[0];
      const found = inner.inputs.findIndex((v) => {
        let at = inner.outputs[position];
        for (;;) {
          if (at === v) return true;
          const from = inner.eqns.find((e) => e.prim === "store" && e.outputs.some((o) => o === at));
          if (!from) return false;
          at = from.inputs[0];
        }
      });
      return found >= 0 ? eqn.inputs[found + 1] : undefined;
    }
    default:
      return undefined;
  }
}

/** Carries that are values become variables. */
function carried(k: WholeKernel, inputs: readonly Thing[]): Thing[] {
  return inputs.map((t) => (isMemory(t) ? t : k.b.var(t)));
}
function update(k: WholeKernel, carry: readonly Thing[], next: readonly Thing[]): void {
  const values = next.map((t) => (isMemory(t) ? null : k.copy(t)));
  carry.forEach((c, i) => {
    const x = values[i];
    if (isMemory(c) || !x) return;
    if (c.kind !== "tilevar") internal("a carry that is no variable");
    k.b.assign(c, spread(k, x, c.shape));
  });
}

export function lowerWhile(k: WholeKernel, eqn: AnyEqn, p: ControlOps["while"]): void {
  const things = eqn.inputs.map((a) => k.thing(a));
  const condConsts = things.slice(0, p.condConsts);
  const bodyConsts = things.slice(p.condConsts, p.condConsts + p.bodyConsts);
  const carry = carried(k, things.slice(p.condConsts + p.bodyConsts));
  k.b.while(
    () => {
      const [test] = k.call(p.cond, [...condConsts, ...carry]);
      return isMemory(test) ? internal("a condition in memory") : test;
    },
    () => update(k, carry, k.call(p.body, [...bodyConsts, ...carry])),
  );
  eqn.outputs.forEach((v, i) => {
    k.set(v, carry[i]);
  });
}

export function lowerScan(k: WholeKernel, eqn: AnyEqn, p: ControlOps["scan"]): void {
  const { b } = k;
  const { numConsts, numCarry, body } = p;
  const things = eqn.inputs.map((a) => k.thing(a));
  const consts = things.slice(0, numConsts);
  const carry = carried(k, things.slice(numConsts, numConsts + numCarry));
  const xs = things.slice(numConsts + numCarry);
  const stacked = eqn.outputs.slice(numCarry).map((v): TileVar => {
    const dtype = kernelDType(v.aval.dtype);
    return b.var(b.const(identityOf("or", dtype === "u64" ? "u32" : dtype), dtype, staticShapeOf(v.aval.shape)));
  });
  b.for(b.i32(0), b.i32(p.length), 1, (step) => {
    const at = p.reverse ? b.sub(b.sub(b.i32(p.length), b.i32(1)), step) : step;
    const rows = xs.map((t): Thing => rowOf(k, t, at));
    const results = k.call(body, [...consts, ...carry, ...rows]);
    stacked.forEach((all, i) => {
      const y = results[numCarry + i];
      const value = isMemory(y) ? internal("an array in memory is stacked") : y;
      const row = b.op("eq", [b.lanes(all.shape, 0), at]);
      const over = value.shape.length === 0 ? spread(k, value, all.shape) : b.broadcast(value, all.shape, all.shape.slice(1).map((_, d) => d + 1)); // biome-ignore format: one line
      b.assign(all, b.op("select", [row, over, all]));
    });
    update(k, carry, results.slice(0, numCarry));
  });
  eqn.outputs.forEach((v, i) => {
    k.set(v, i < numCarry ? carry[i] : stacked[i - numCarry]);
  });
}

/** An element along the first axis of a block or an array. */
function rowOf(k: WholeKernel, t: Thing, at: TileAtom): Thing {
  const { b } = k;
  const shape = staticShapeOf(t.shape);
  const inner = shape.slice(1);
  const size = inner.reduce((n, d) => n * d, 1);
  const first = b.mul(at, b.i32(size));
  if (isMemory(t)) return b.load(t.ref, b.add(t.base, first), inner, rowMajor(inner));
  if (inner.length === 0) return b.reshape(b.pick(t, b.broadcast(at, [1], [])), []);
  const strides = rowMajor(inner);
  const index = inner.reduce<TileAtom>((sum, _, d) => b.add(b.mul(b.lanes(inner, d), b.i32(strides[d])), sum), first);
  return b.pick(t, index);
}
