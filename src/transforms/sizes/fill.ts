/** Templates as programs that can be compiled: their holes become inputs. */
import { joinEffects } from "../../ir/effects.js";
import { type Dim, dimAdd } from "../../ir/dim.js";
import { type AnyEqn, type Atom, isVar, type Literal, type Program, Var } from "../../ir/program.js";
import { callee, makeEqn, mapPrograms, nestedPrograms } from "../../ir/rewrite.js";
import type { Template } from "./template.js";

type Core = Program<"core">;

/** The program with one more input for each hole, after its first `captures` inputs. */
export function withHoles({ program, holes, sized }: Template, captures: number): Core {
  const places = new Map(holes.map((h) => [h, new Var(h.aval)]));
  const opened = new Opener(new Set(holes), sized).body(program, places);
  const [own, args] = [opened.inputs.slice(0, captures), opened.inputs.slice(captures)];
  return { ...opened, inputs: [...own, ...places.values(), ...args] };
}

class Opener {
  /** Which holes a program holds, with the programs in it. */
  readonly #holes = new Map<Core, readonly Literal[]>();
  /** Programs whose holes are their first inputs. */
  readonly #opened = new Map<Core, Map<string, Core>>();
  constructor(
    readonly all: ReadonlySet<Literal>,
    readonly sized: ReadonlyMap<Literal, Dim>,
  ) {}

  /** The program with these variables for its holes. */
  body(p: Core, places: ReadonlyMap<Literal, Var>): Core {
    const sizes: AnyEqn[] = [];
    const known = new Map<Dim, Var>();
    const read = (a: Atom): Atom => {
      if (isVar(a)) return a;
      const size = this.sized.get(a);
      if (size === undefined) return places.get(a) ?? a;
      let v = known.get(size);
      if (!v) {
        const made = sizeOf(size);
        sizes.push(...made);
        v = made[made.length - 1].outputs[0];
        known.set(size, v);
      }
      return v;
    };
    const eqns = p.eqns.map((e) => this.#eqn({ ...e, inputs: e.inputs.map(read) } as AnyEqn, places));
    const outputs = p.outputs.map(read);
    return { ...p, eqns: [...sizes, ...eqns], outputs, effects: joinEffects(...eqns.map((e) => e.effects)) };
  }

  #eqn(given: AnyEqn, places: ReadonlyMap<Literal, Var>): AnyEqn {
    // rules of derivatives are no part of a program that runs
    const called = given.prim === "checkpoint" ? undefined : callee(given, given.inputs);
    const eqn = called
      ? ({
          ...given,
          prim: "call",
          inputs: called.args,
          params: { program: called.program, name: called.program.name },
        } as AnyEqn)
      : given;
    const nested = nestedPrograms(eqn);
    const holes = [...new Set(nested.flatMap((p) => this.#holesOf(p)))];
    if (holes.length === 0)
      return nested.some((p) => this.#hasSizes(p)) ? mapPrograms(eqn, (p) => this.#open(p, [])) : eqn;
    const more = holes.map((h) => places.get(h) as Var);
    const opened = mapPrograms(eqn, (p) => this.#open(p, holes));
    switch (opened.prim) {
      case "cond":
        return withOperands(opened, [opened.inputs[0], ...more, ...opened.inputs.slice(1)], opened.params);
      case "while": {
        const { condConsts, bodyConsts } = opened.params;
        const inputs = [...more, ...opened.inputs.slice(0, condConsts), ...more, ...opened.inputs.slice(condConsts)];
        const n = more.length;
        return withOperands(opened, inputs, {
          ...opened.params,
          condConsts: condConsts + n,
          bodyConsts: bodyConsts + n,
        });
      }
      case "scan":
        return withOperands(opened, [...more, ...opened.inputs], {
          ...opened.params,
          numConsts: opened.params.numConsts + more.length,
        });
      default:
        return withOperands(opened, [...more, ...opened.inputs], opened.params);
    }
  }

  #holesOf(p: Core): readonly Literal[] {
    let holes = this.#holes.get(p);
    if (!holes) {
      const literals = (atoms: readonly Atom[]): Literal[] =>
        atoms.filter((a): a is Literal => !isVar(a) && this.all.has(a));
      const found = p.eqns.flatMap((e) => [
        ...literals(e.inputs),
        ...nestedPrograms(e).flatMap((q) => this.#holesOf(q)),
      ]);
      holes = [...new Set([...found, ...literals(p.outputs)])];
      this.#holes.set(p, holes);
    }
    return holes;
  }

  readonly #withSizes = new Map<Core, boolean>();
  #hasSizes(p: Core): boolean {
    let has = this.#withSizes.get(p);
    if (has === undefined) {
      const isSize = (a: Atom): boolean => !isVar(a) && this.sized.has(a);
      has =
        p.outputs.some(isSize) ||
        p.eqns.some((e) => e.inputs.some(isSize) || nestedPrograms(e).some((q) => this.#hasSizes(q)));
      this.#withSizes.set(p, has);
    }
    return has;
  }

  #open(p: Core, holes: readonly Literal[]): Core {
    const key = holes.map((h) => [...this.all].indexOf(h)).join();
    const made = this.#opened.get(p) ?? new Map<string, Core>();
    this.#opened.set(p, made);
    let opened = made.get(key);
    if (!opened) {
      const places = new Map(holes.map((h) => [h, new Var(h.aval)]));
      const body = this.body(p, places);
      opened = { ...body, inputs: [...places.values(), ...body.inputs] };
      made.set(key, opened);
    }
    return opened;
  }
}

/** A size as an i32 value: the last that counting up to it gives. */
function sizeOf(d: Dim): AnyEqn[] {
  const more = dimAdd(d, 1);
  const count = makeEqn("iota", [], { shape: [more], axis: 0, dtype: "i32" }, undefined);
  const last = makeEqn("slice", count.outputs, { start: [d], limit: [more], strides: [1] }, undefined);
  return [count, last, makeEqn("reshape", last.outputs, { shape: [] }, undefined)];
}

/** The equation with other operands; what it gives stays what it is. */
function withOperands(eqn: AnyEqn, inputs: readonly Atom[], params: object): AnyEqn {
  return { ...eqn, inputs, params } as AnyEqn;
}
