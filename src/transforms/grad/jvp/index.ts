/** Forward mode: a program that carries a tangent beside each value that varies. */
import { internal } from "../../../diagnostics/error.js";
import { avalSame, printAval } from "../../../ir/aval.js";
import { Builder } from "../../../ir/builder.js";
import { isFloat } from "../../../ir/dtype.js";
import { type Atom, isVar, nameAtom, type Program, type Var } from "../../../ir/program.js";
import type { AnyRule, Table } from "../../../ir/rules.js";
import { copyEqn, type MaybeZero, strong, zeros } from "../emit.js";
import { tangentName } from "../names.js";
import { flags, memoize } from "../programs.js";
import { collective } from "./collective.js";
import { contraction } from "./contraction.js";
import { control } from "./control.js";
import { elementwise } from "./elementwise.js";
import { indexing } from "./indexing.js";
import { kernel } from "./kernel.js";
import { linalg } from "./linalg.js";
import { movement } from "./movement.js";
import { random } from "./random.js";
import { reduction } from "./reduction.js";
import type { JvpKind, JvpResult } from "./rule.js";
import { sort } from "./sort.js";

export type { JvpResult } from "./rule.js";

const TABLE = {
  ...elementwise,
  ...movement,
  ...reduction,
  ...contraction,
  ...indexing,
  ...control,
  ...random,
  ...linalg,
  ...sort,
  ...collective,
  ...kernel,
} satisfies Table<JvpKind>;

const made = memoize<JvpResult>();

/** Only float inputs may be marked. `instantiate` asks for zeros where a float output has no tangent. */
export function jvpProgram(
  program: Program<"core">,
  nonzero: readonly boolean[],
  instantiate: boolean | readonly boolean[] = false,
): JvpResult {
  const wanted = typeof instantiate === "boolean" ? program.outputs.map(() => instantiate) : instantiate;
  return made(program, `${flags(nonzero)}/${flags(wanted)}`, () => makeJvp(program, nonzero, wanted));
}

function makeJvp(program: Program<"core">, nonzero: readonly boolean[], wanted: readonly boolean[]): JvpResult {
  const b = new Builder();
  const values = new Map<Var, Atom>();
  const dots = new Map<Atom, Atom>();
  const value = (a: Atom): Atom => (isVar(a) ? (values.get(a) ?? internal(`jvp of ${program.name}: unbound`)) : a);

  for (const v of program.inputs) values.set(v, b.input(v.aval, v.name));
  program.inputs.forEach((v, i) => {
    if (!nonzero[i]) return;
    if (!isFloat(v.aval.dtype)) internal(`jvp of ${program.name}: a tangent for an input of type ${printAval(v.aval)}`);
    dots.set(v, b.input(strong(v.aval), tangentName(v.name)));
  });

  for (const eqn of program.eqns) {
    b.span = eqn.span;
    const primals = eqn.inputs.map(value);
    const tangents = eqn.inputs.map((a): MaybeZero => dots.get(a) ?? null);
    if (tangents.every((t) => t === null)) {
      const outs = copyEqn(b, eqn, primals);
      eqn.outputs.forEach((v, i) => values.set(v, outs[i]));
      continue;
    }
    const rule = TABLE[eqn.prim] as AnyRule<JvpKind>;
    const result = rule(b, primals, tangents, eqn.params as never, eqn, jvpProgram);
    eqn.outputs.forEach((v, i) => {
      values.set(v, result.primals[i]);
      nameAtom(result.primals[i], v.name);
      const t = result.tangents[i];
      if (t === null) return;
      if (!avalSame(t.aval, v.aval)) {
        internal(`jvp of ${eqn.prim}: the tangent of ${printAval(v.aval)} is ${printAval(t.aval)}`);
      }
      dots.set(v, t);
      nameAtom(t, tangentName(v.name));
    });
  }
  b.span = undefined;

  const tangents = program.outputs.map((o, i): MaybeZero => {
    if (!isFloat(o.aval.dtype)) return null;
    return dots.get(o) ?? (wanted[i] ? zeros(b, o.aval) : null);
  });
  const outputs = [...program.outputs.map(value), ...tangents.filter((t) => t !== null)];
  return { program: b.finish(outputs, `jvp(${program.name})`), nonzeroOut: tangents.map((t) => t !== null) };
}
