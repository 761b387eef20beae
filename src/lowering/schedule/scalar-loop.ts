/**
 * Loops over single numbers as one kernel: a `while` or `scan` whose carries are scalars and whose body is arithmetic keeps
 * them in registers, where steps of a plan would put every value of every iteration through memory.
 */
import { internal } from "../../diagnostics/error.js";
import type { Aval } from "../../ir/aval.js";
import { byteSize, isWide } from "../../ir/dtype.js";
import type { ControlOps } from "../../ir/ops/index.js";
import { type AnyEqn, type Atom, isVar, type Literal, type Program, type Var } from "../../ir/program.js";
import type { TileAtom, TileRef, TileVar } from "../../ir/tile.js";
import { TileBuilder } from "../../ir/tile-builder.js";
import { type View, viewKey } from "../plan/view.js";
import { type Affine, ZERO } from "./affine.js";
import { Expander, kernelDType, type Pos } from "./expand.js";
import { scheduleRule } from "./index.js";
import type { Member, Node } from "./node.js";
import { type PointRule, shapeOf } from "./rule.js";
import type { Launch } from "./write.js";

type Core = Program<"core">;
/** A scalar in a register, an array in memory, or a literal. */
type Value = TileAtom | View | Literal;

/** Equations of a body that become straight-line code. */
const MOST_EQUATIONS = 400;

// what fits

function isScalar({ shape }: Aval): boolean {
  return shape.every((n) => n === 1);
}
function isStaticShape({ shape }: Aval): boolean {
  return shape.every((n) => typeof n === "number");
}
/** The equations of a program over scalars; infinite where one of them needs more than arithmetic. */
function equations(program: Core): number {
  let count = program.eqns.length;
  if (!program.inputs.every((v) => isStaticShape(v.aval))) return Number.POSITIVE_INFINITY;
  for (const eqn of program.eqns) count += fits(eqn);
  return count;
}
function fits(eqn: AnyEqn): number {
  const no = Number.POSITIVE_INFINITY;
  if (eqn.effects.length > 0 || !eqn.outputs.every((v) => isScalar(v.aval))) return no;
  // what a loop stacks has memory of its own
  if (eqn.prim === "scan" && eqn.outputs.length > eqn.params.numCarry) return no;
  if (eqn.prim === "while" || eqn.prim === "scan" || eqn.prim === "cond") return equationsOfLoop(eqn);
  const rule = scheduleRule(eqn.prim);
  return rule.kind === "point" && !rule.bytesOnly?.(eqn as never) ? 0 : no;
}
function equationsOfLoop(eqn: AnyEqn): number {
  const no = Number.POSITIVE_INFINITY;
  const carriesFit = (from: number): boolean => eqn.inputs.slice(from).every((a) => isScalar(a.aval));
  switch (eqn.prim) {
    case "while": {
      const { cond, body, condConsts, bodyConsts } = eqn.params;
      return carriesFit(condConsts + bodyConsts) ? equations(cond) + equations(body) : no;
    }
    case "scan": {
      const { body, length, numConsts, numCarry } = eqn.params;
      if (typeof length !== "number" || !body.outputs.every((a) => isScalar(a.aval))) return no;
      return body.inputs.slice(numConsts).every((v) => isScalar(v.aval)) &&
        eqn.inputs.slice(numConsts, numConsts + numCarry).every((a) => isScalar(a.aval))
        ? equations(body)
        : no;
    }
    case "cond":
      return eqn.params.branches.reduce((n, b) => n + equations(b), 0);
    default:
      return no;
  }
}

/** The loop as a launch, if it is one over scalars; `inputs` are where the operands lie, `outputs` where results go. */
export function scalarLoop(eqn: AnyEqn, inputs: readonly (View | Literal)[], outputs: readonly View[]): Launch | null {
  if (equationsOfLoop(eqn) > MOST_EQUATIONS || !eqn.outputs.every((v) => isStaticShape(v.aval))) return null;
  return new LoopKernel(eqn, inputs, outputs).launch;
}

// the kernel

class LoopKernel {
  readonly b: TileBuilder;
  readonly #args: View[] = [];
  readonly #arrays = new Map<string, TileRef>();
  readonly #inPlace: { output: number; input: number }[] = [];
  readonly launch: Launch;

  constructor(eqn: AnyEqn, inputs: readonly (View | Literal)[], outputs: readonly View[]) {
    this.b = new TileBuilder(eqn.prim);
    this.b.stage([], () => {
      if (eqn.prim === "while") this.#outerWhile(eqn.params, inputs, outputs);
      else if (eqn.prim === "scan") this.#outerScan(eqn.params, inputs, outputs);
      else internal(`${eqn.prim} is not a loop`);
    });
    this.b.notes.push("a loop over scalars");
    this.launch = {
      kernel: this.b.finish(),
      args: this.#args,
      inPlace: this.#inPlace,
      startFrom: null,
      scratch: [],
    };
  }

  #ref(view: View, role: "in" | "out"): { readonly ref: TileRef; readonly at: number } {
    const at = this.#args.length;
    this.#args.push(view);
    return { ref: this.b.ref(`${role}${at}`, kernelDType(view.dtype), role, view.size), at };
  }
  /** The array that constants of loops read. */
  array(view: View): TileRef {
    const key = viewKey(view);
    let ref = this.#arrays.get(key);
    if (!ref) {
      ref = this.#ref(view, "in").ref;
      this.#arrays.set(key, ref);
    }
    return ref;
  }
  /** Operands that stay as they are: scalars are read once. */
  #consts(values: readonly Value[]): Value[] {
    return values.map((v) => (isMemory(v) && v.size === 1 ? this.b.load(this.array(v), this.b.i32(0)) : v));
  }
  /** First values of carries, and for those in memory the position of the argument. */
  #first(values: readonly (View | Literal)[]): { readonly value: Value; readonly at: number }[] {
    return values.map((v) => {
      if (!isMemory(v)) return { value: v, at: -1 };
      const { ref, at } = this.#ref(v, "in");
      return { value: this.b.load(ref, this.b.i32(0)), at };
    });
  }
  #results(values: readonly TileAtom[], to: readonly View[], first: readonly { readonly at: number }[]): void {
    values.forEach((value, i) => {
      const { ref, at } = this.#ref(to[i], "out");
      const input = first[i].at;
      if (input >= 0 && byteSize(this.#args[input].dtype) === byteSize(to[i].dtype))
        this.#inPlace.push({ output: at, input });
      this.b.store(ref, this.b.i32(0), value);
    });
  }

  #outerWhile(params: ControlOps["while"], inputs: readonly (View | Literal)[], outputs: readonly View[]): void {
    const consts = params.condConsts + params.bodyConsts;
    const first = this.#first(inputs.slice(consts));
    const operands = [...this.#consts(inputs.slice(0, consts)), ...first.map((f) => f.value)];
    this.#results(this.while(params, operands), outputs, first);
  }
  #outerScan(params: ControlOps["scan"], inputs: readonly (View | Literal)[], outputs: readonly View[]): void {
    const { numConsts, numCarry } = params;
    const consts = this.#consts(inputs.slice(0, numConsts));
    const first = this.#first(inputs.slice(numConsts, numConsts + numCarry));
    const xs = inputs.slice(numConsts + numCarry).map((x) => (isMemory(x) ? this.#ref(x, "in") : x));
    const ys = outputs.slice(numCarry).map((y) => this.#ref(y, "out"));
    // an element is read before the one of its step is written
    for (const y of ys) {
      for (const x of xs) {
        if ("at" in x && byteSize(x.ref.dtype) === byteSize(y.ref.dtype))
          this.#inPlace.push({ output: y.at, input: x.at });
      }
    }
    const carries = this.scan(
      params,
      [...consts, ...first.map((f) => f.value)],
      (i) => xs.map((x) => ("at" in x ? this.b.load(x.ref, i) : x)),
      (i, values) => {
        values.forEach((value, k) => {
          this.b.store(ys[k].ref, i, value);
        });
      },
    );
    this.#results(carries, outputs.slice(0, numCarry), first);
  }

  // loops and branches over values

  #atom(v: Value): TileAtom {
    if (isMemory(v)) return this.b.load(this.array(v), this.b.i32(0));
    return v.kind === "literal" ? this.b.const(v.value, kernelDType(v.aval.dtype)) : v;
  }
  #assign(state: readonly TileVar[], values: readonly TileAtom[]): void {
    // a value may be another carry's old one: those are read before any is written
    const moved = new Set<TileAtom>(state);
    const held = values.map((v, i) => (moved.has(v) && v !== state[i] ? this.b.var(v) : v));
    state.forEach((s, i) => {
      if (held[i] !== s) this.b.assign(s, held[i]);
    });
  }
  while({ cond, body, condConsts, bodyConsts }: ControlOps["while"], operands: readonly Value[]): readonly TileAtom[] {
    const consts = condConsts + bodyConsts;
    const state = operands.slice(consts).map((v) => this.b.var(this.#atom(v)));
    this.b.while(
      () => this.run(cond, [...operands.slice(0, condConsts), ...state])[0],
      () => this.#assign(state, this.run(body, [...operands.slice(condConsts, consts), ...state])),
    );
    return state;
  }
  scan(
    { body, length, reverse, numCarry, numConsts }: ControlOps["scan"],
    operands: readonly Value[],
    xs: (i: TileAtom) => readonly Value[],
    ys: (i: TileAtom, values: readonly TileAtom[]) => void,
  ): readonly TileAtom[] {
    const n = Number(length);
    const state = operands.slice(numConsts, numConsts + numCarry).map((v) => this.b.var(this.#atom(v)));
    this.b.for(this.b.i32(0), this.b.i32(n), 1, (step) => {
      const i = reverse ? this.b.sub(this.b.i32(n - 1), step) : step;
      const results = this.run(body, [...operands.slice(0, numConsts), ...state, ...xs(i)]);
      ys(i, results.slice(numCarry));
      this.#assign(state, results.slice(0, numCarry));
    });
    return state;
  }
  cond(branches: readonly Core[], index: TileAtom, operands: readonly Value[], avals: readonly Aval[]): TileAtom[] {
    const results = avals.map(({ dtype }) => this.b.var(zero(this.b, dtype)));
    const at = this.b.convert(index, "i32");
    const branch = (k: number): void => {
      const take = (): void => this.#assign(results, this.run(branches[k], operands));
      if (k === branches.length - 1) take();
      else this.b.if(this.b.op("le", [at, this.b.i32(k)]), take, () => branch(k + 1));
    };
    branch(0);
    return results;
  }

  /** The results of a program, each operand being a scalar or an array. */
  run(program: Core, operands: readonly Value[]): readonly TileAtom[] {
    return new Frame(this, program, operands).results(program.outputs);
  }
}

function isMemory(v: Value): v is View {
  return !("kind" in v);
}
function zero(b: TileBuilder, dtype: Aval["dtype"]): TileAtom {
  const d = kernelDType(dtype);
  return b.const(d === "bool" ? false : isWide(d) ? 0n : 0, d);
}

/** One run of a program: its values, expanded where they are used and kept while it lasts. */
class Frame {
  readonly #nodes = new Map<Var, Node>();
  readonly #arrays = new Map<Var, View>();
  readonly #defs = new Map<Var, { readonly eqn: AnyEqn; readonly output: number }>();
  readonly #values = new Map<Node, TileAtom>();
  readonly #x: Expander;

  constructor(
    readonly kernel: LoopKernel,
    program: Core,
    operands: readonly Value[],
  ) {
    this.#x = new Expander({
      member: (v) => {
        const node = this.#nodes.get(v);
        return node && { node, at: ZERO };
      },
      view: (v) => this.#arrays.get(v),
      expand: (x: Expander, v: Var, pos: Pos, guard: Node | null) => {
        const { eqn, output } = this.#defs.get(v) ?? internal("a free variable in a loop over scalars");
        const rule = scheduleRule(eqn.prim) as PointRule<never>;
        return rule.expand(x, eqn as never, output, pos, guard);
      },
    });
    program.inputs.forEach((v, i) => {
      const value = operands[i];
      if (!isMemory(value)) this.#bind(v, value);
      else this.#arrays.set(v, { ...value, dtype: v.aval.dtype });
    });
    for (const eqn of program.eqns) this.#equation(eqn);
  }

  #bind(v: Var, value: TileAtom | Literal): void {
    if (value.kind === "literal") {
      this.#nodes.set(v, this.#x.constant(value.value, kernelDType(value.aval.dtype)));
      return;
    }
    const dtype = kernelDType(v.aval.dtype);
    const member: Member = {
      kind: "row",
      dtype,
      combine: null,
      node: this.#x.constant(dtype === "bool" ? false : isWide(dtype) ? 0n : 0, dtype),
      payload: null,
      valid: null,
      store: null,
      pass: 0,
    };
    const node = this.#x.member(member, 0);
    this.#nodes.set(v, node);
    this.#values.set(node, value);
  }
  #equation(eqn: AnyEqn): void {
    const { kernel } = this;
    const operands = (from: number): Value[] => eqn.inputs.slice(from).map((a) => this.#operand(a));
    let results: readonly TileAtom[];
    if (eqn.prim === "while") results = kernel.while(eqn.params, operands(0));
    else if (eqn.prim === "cond") {
      results = kernel.cond(
        eqn.params.branches,
        this.#value(eqn.inputs[0]),
        operands(1),
        eqn.outputs.map((v) => v.aval),
      );
    } else if (eqn.prim === "scan") {
      const { numConsts, numCarry } = eqn.params;
      const all = operands(0);
      const xs = all.slice(numConsts + numCarry);
      const read = (x: Value, i: TileAtom): Value => (isMemory(x) ? kernel.b.load(kernel.array(x), i) : x);
      results = kernel.scan(
        eqn.params,
        all.slice(0, numConsts + numCarry),
        (i) => xs.map((x) => read(x, i)),
        () => {},
      );
    } else {
      eqn.outputs.forEach((v, output) => this.#defs.set(v, { eqn, output }));
      return;
    }
    eqn.outputs.forEach((v, i) => this.#bind(v, results[i]));
  }
  #operand(a: Atom): Value {
    if (!isVar(a)) return a;
    return this.#arrays.get(a) ?? this.#value(a);
  }
  #value(a: Atom): TileAtom {
    return this.#get(this.#x.value(a, this.#x.atFlat(shapeOf(a), ZERO)));
  }
  results(outputs: readonly Atom[]): readonly TileAtom[] {
    return outputs.map((a) => this.#value(a));
  }

  #get(n: Node): TileAtom {
    const { b } = this.kernel;
    if (n.kind === "const") return b.const(n.value, n.dtype);
    const known = this.#values.get(n);
    if (known) return known;
    const value = this.#compute(n);
    this.#values.set(n, value);
    return value;
  }
  #compute(n: Node): TileAtom {
    const { b } = this.kernel;
    switch (n.kind) {
      case "op":
        return b.op(
          n.prim,
          n.args.map((a) => this.#get(a)),
          n.params as never,
        );
      case "index":
        return this.#index(n.index);
      case "load": {
        const ref = this.kernel.array(n.view);
        const at = this.#index(n.offset);
        if (!n.guard) return b.load(ref, at);
        const result = b.var(zero(b, ref.dtype));
        b.if(this.#get(n.guard), () => b.assign(result, b.load(ref, at)));
        return result;
      }
      default:
        return internal("a value of another kernel in a loop over scalars");
    }
  }
  #index(a: Affine): TileAtom {
    const { b } = this.kernel;
    let sum: TileAtom = b.i32(a.constant);
    for (const { atom, factor } of a.terms) {
      if (atom.kind !== "opaque") internal("a loop over scalars without its counter");
      const value = this.#get(atom.node);
      const term = factor === 1 ? value : b.mul(value, b.i32(factor));
      sum = sum.kind === "tileconst" && sum.value === 0 ? term : b.add(term, sum);
    }
    return sum;
  }
}
