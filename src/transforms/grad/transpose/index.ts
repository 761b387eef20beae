/** Transposition of linear programs: equations in reverse order, cotangents added where a value was read several times. */
import { internal } from "../../../diagnostics/error.js";
import { avalSame, printAval } from "../../../ir/aval.js";
import { Builder } from "../../../ir/builder.js";
import { type AnyEqn, type Atom, isVar, nameAtom, type Program, Var } from "../../../ir/program.js";
import { definitions } from "../../../ir/rewrite.js";
import type { AnyRule, Table } from "../../../ir/rules.js";
import { prune } from "../../../simplify/index.js";
import { type MaybeZero, strong, zeros } from "../emit.js";
import { cotangentName } from "../names.js";
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
import type { Transposed, TransposeContext, TransposeKind, TransposeOptions } from "./rule.js";
import { sort } from "./sort.js";

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
} satisfies Table<TransposeKind>;

const made = memoize<Transposed>();

/**
 * The transpose of a program that is linear in the marked inputs. Each equation must either not depend on them or be
 * linear in them with operands that do not, as partial evaluation leaves programs.
 */
export function transposeLinear(
  program: Program<"core">,
  linear: readonly boolean[],
  options: TransposeOptions = {},
): Transposed {
  const { nonzero, instantiate, accumulate, strict, inPlace } = options;
  const key = [
    flags(linear),
    flags(nonzero ?? []),
    flags(instantiate ?? []),
    flags(accumulate ?? []),
    strict === true,
    inPlace === true,
  ].join("/");
  return made(program, key, () => makeTransposed(program, linear, options));
}

function makeTransposed(
  program: Program<"core">,
  linear: readonly boolean[],
  { nonzero, instantiate, accumulate: sums, strict = false, inPlace = false }: TransposeOptions,
): Transposed {
  const b = new Builder();
  const isLinear = new Set<Atom>();
  program.inputs.forEach((v, i) => {
    if (linear[i]) isLinear.add(v);
    else b.inputs.push(v);
  });
  // forward: what does not depend on the linear inputs keeps its names
  for (const eqn of program.eqns) {
    if (eqn.inputs.some((a) => isLinear.has(a))) for (const v of eqn.outputs) isLinear.add(v);
    else b.eqns.push(eqn);
  }
  let defined: Map<Var, AnyEqn> | undefined;
  const isZero = (a: Atom): boolean => {
    if (!isVar(a)) return Number(a.value) === 0;
    defined ??= definitions(program);
    const eqn = defined.get(a);
    return (eqn?.prim === "broadcast_in_dim" || eqn?.prim === "convert_element_type") && isZero(eqn.inputs[0]);
  };
  const cts = new Map<Var, Atom>();
  const accumulate = (a: Atom, ct: MaybeZero): void => {
    if (ct === null || !isVar(a) || !isLinear.has(a)) return;
    if (!avalSame(a.aval, ct.aval)) {
      internal(`transpose of ${program.name}: the cotangent of ${printAval(a.aval)} is ${printAval(ct.aval)}`);
    }
    const before = cts.get(a);
    cts.set(a, before ? b.add(before, ct) : ct);
  };
  program.outputs.forEach((a, i) => {
    if (nonzero && !nonzero[i]) return;
    accumulate(a, b.input(strong(a.aval), isVar(a) ? cotangentName(a.name) : undefined));
  });
  const inputs = program.inputs.filter((_, i) => linear[i]);
  inputs.forEach((v, i) => {
    if (sums?.[i]) accumulate(v, b.input(strong(v.aval), cotangentName(v.name)));
  });
  // backward
  for (let i = program.eqns.length - 1; i >= 0; i--) {
    const eqn = program.eqns[i];
    const results = eqn.outputs.map((v): MaybeZero => cts.get(v) ?? null);
    if (results.every((ct) => ct === null)) continue;
    eqn.outputs.forEach((v, k) => {
      cts.delete(v);
      const ct = results[k];
      if (ct) nameAtom(ct, cotangentName(v.name));
    });
    b.span = eqn.span;
    const takeSum = (k: number): MaybeZero => {
      const a = eqn.inputs[k];
      if (!isVar(a) || !isLinear.has(a)) return null;
      const sum = cts.get(a) ?? null;
      cts.delete(a);
      return sum;
    };
    const ctx: TransposeContext = { eqn, transpose: transposeLinear, strict, inPlace, takeSum, isZero };
    const rule = TABLE[eqn.prim] as AnyRule<TransposeKind>;
    const operands = eqn.inputs.map((a) => (isLinear.has(a) ? null : a));
    const found = rule(b, results, operands, eqn.params as never, ctx);
    eqn.inputs.forEach((a, k) => {
      accumulate(a, found[k]);
    });
  }
  b.span = undefined;
  const found = inputs.map((v, i): MaybeZero => cts.get(v) ?? (instantiate?.[i] ? zeros(b, v.aval) : null));
  found.forEach((ct, i) => {
    if (ct) nameAtom(ct, cotangentName(inputs[i].name));
  });
  const outputs = found.filter((ct) => ct !== null);
  const transposed = b.finish(outputs, `transpose(${program.name})`);
  return {
    program: prune(
      transposed,
      outputs.map(() => true),
    ).program,
    nonzeroIn: found.map((ct) => ct !== null),
  };
}
