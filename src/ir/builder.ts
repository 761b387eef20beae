import { internal } from "../diagnostics/error.js";
import type { SpanRef } from "../diagnostics/span.js";
import { abstractEval } from "./abstract-eval/index.js";
import { type Aval, aval } from "./aval.js";
import { type Shape, shapeSame } from "./dim.js";
import type { DType } from "./dtype.js";
import { joinEffects } from "./effects.js";
import type { ElementwiseOps, None, Params, Prim } from "./ops/index.js";
import { type AnyEqn, type Atom, isVar, literal, type Program, Var } from "./program.js";

const NONE: None = {};
/** Elementwise primitives without parameters. */
type PlainOp = {
  [K in keyof ElementwiseOps]: ElementwiseOps[K] extends None ? (None extends ElementwiseOps[K] ? K : never) : never;
}[keyof ElementwiseOps];

/** Appends equations to a program under construction; types of results come from `abstractEval`. */
export class Builder {
  readonly inputs: Var[] = [];
  readonly eqns: AnyEqn[] = [];
  /** Equations emitted while this is set carry it when they have no span of their own. */
  span: SpanRef | undefined;

  input(a: Aval, name?: string): Var {
    const v = new Var(a, name);
    this.inputs.push(v);
    return v;
  }

  /** Appends one equation and returns the variables that it defines. */
  emit<P extends Prim>(prim: P, inputs: readonly Atom[], params: Params<P>, span = this.span): readonly Var[] {
    const { outputs, effects } = abstractEval(
      prim,
      inputs.map((a) => a.aval),
      params,
      span,
    );
    const vars = outputs.map((a) => new Var(a));
    // the union over P of Eqn<P> cannot be built from a generic P without telling tsc
    this.eqns.push({ prim, inputs, params, outputs: vars, effects, span } as unknown as AnyEqn);
    return vars;
  }

  /** `emit` for primitives with one result. */
  emit1<P extends Prim>(prim: P, inputs: readonly Atom[], params: Params<P>, span = this.span): Var {
    return this.emit(prim, inputs, params, span)[0];
  }

  /** Appends a copy of `program`'s equations with `args` for its inputs; returns what its outputs became. */
  inline(program: Program<"core">, args: readonly Atom[]): readonly Atom[] {
    if (args.length !== program.inputs.length) {
      internal(`inline of ${program.name}: ${args.length} arguments for ${program.inputs.length} inputs`);
    }
    const env = new Map<Var, Atom>();
    program.inputs.forEach((v, i) => env.set(v, args[i]));
    const read = (a: Atom): Atom =>
      isVar(a) ? (env.get(a) ?? internal(`inline of ${program.name}: unbound variable`)) : a;
    for (const eqn of program.eqns) {
      const outputs = eqn.outputs.map((v) => new Var(v.aval, v.name));
      eqn.outputs.forEach((v, i) => env.set(v, outputs[i]));
      this.eqns.push({ ...eqn, inputs: eqn.inputs.map(read), outputs } as AnyEqn);
    }
    return program.outputs.map(read);
  }

  finish(outputs: readonly Atom[], name = "main"): Program<"core"> {
    return {
      phase: "core",
      name,
      inputs: this.inputs,
      eqns: this.eqns,
      outputs,
      effects: joinEffects(...this.eqns.map((e) => e.effects)),
    };
  }

  // Shorthands. Operands must already have one shape and dtype, as the primitives want.

  op(prim: PlainOp, ...inputs: Atom[]): Var {
    return this.emit1(prim, inputs, NONE as never);
  }
  add(x: Atom, y: Atom): Var {
    return this.op("add", x, y);
  }
  sub(x: Atom, y: Atom): Var {
    return this.op("sub", x, y);
  }
  mul(x: Atom, y: Atom): Var {
    return this.op("mul", x, y);
  }
  div(x: Atom, y: Atom): Var {
    return this.op("div", x, y);
  }
  neg(x: Atom): Var {
    return this.op("neg", x);
  }
  select(pred: Atom, onTrue: Atom, onFalse: Atom): Var {
    return this.op("select", pred, onTrue, onFalse);
  }
  convert(x: Atom, dtype: DType): Atom {
    return x.aval.dtype === dtype ? x : this.emit1("convert_element_type", [x], { dtype });
  }
  /** A scalar literal. */
  scalar(value: number | bigint | boolean, dtype: DType): Atom {
    return literal(value, aval([], dtype));
  }
  /** `value` everywhere. */
  full(shape: Shape, value: number | bigint | boolean, dtype: DType): Atom {
    const x = this.scalar(value, dtype);
    return shape.length === 0 ? x : this.emit1("broadcast_in_dim", [x], { shape, dims: [] });
  }
  /** `value` in the shape and dtype of `like`. */
  fullLike(like: Atom, value: number | bigint | boolean): Atom {
    return this.full(like.aval.shape, value, like.aval.dtype);
  }
  zerosLike(like: Aval): Atom {
    return this.full(
      like.shape,
      like.dtype === "i64" || like.dtype === "u64" ? 0n : like.dtype === "bool" ? false : 0,
      like.dtype,
    );
  }
  broadcast(x: Atom, shape: Shape, dims: readonly number[]): Atom {
    if (shapeSame(x.aval.shape, shape) && dims.every((d, i) => d === i)) return x;
    return this.emit1("broadcast_in_dim", [x], { shape, dims });
  }
  reshape(x: Atom, shape: Shape): Atom {
    return shapeSame(x.aval.shape, shape) ? x : this.emit1("reshape", [x], { shape });
  }
  transpose(x: Atom, perm: readonly number[]): Atom {
    return perm.every((p, i) => p === i) ? x : this.emit1("transpose", [x], { perm });
  }
  reduceSum(x: Atom, axes: readonly number[]): Atom {
    return axes.length === 0 ? x : this.emit1("reduce_sum", [x], { axes });
  }
  iota(shape: Shape, axis: number, dtype: DType): Var {
    return this.emit1("iota", [], { shape, axis, dtype });
  }
}

/** Builds a program: `f` gets the builder and the input variables and returns the outputs. */
export function buildProgram(
  name: string,
  inputs: readonly Aval[],
  f: (b: Builder, ...inputs: Var[]) => readonly Atom[],
): Program<"core"> {
  const b = new Builder();
  const vars = inputs.map((a) => b.input(a));
  return b.finish(f(b, ...vars), name);
}
