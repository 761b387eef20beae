/** The oracle: runs a core program equation by equation with obvious loops, floats computed in f64 and rounded after each op. */
import { internal } from "../diagnostics/error.js";
import { printAval } from "../ir/aval.js";
import { type Dim, isStatic, substituteDim } from "../ir/dim.js";
import type { AnyEqn, Atom, Program, Var } from "../ir/program.js";
import type { AnyRule, Table } from "../ir/rules.js";
import { type NDArray, ndAval, roundTo, sizeOfShape, zeros } from "./array.js";
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
import type { AxisPlace, InterpretContext, InterpretKind } from "./rule.js";
import { sort } from "./sort.js";

const rules = {
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
} satisfies Table<InterpretKind>;

export interface InterpretOptions {
  /** Named axes that collectives may refer to; only axes of size 1 have a meaning for a single program. */
  readonly axisEnv?: ReadonlyMap<string, AxisPlace>;
  /** What debug callbacks receive for each operand; the array itself when left out. */
  readonly callbackValue?: (x: NDArray) => unknown;
  /** What is asked first for the results of an equation; undefined leaves it to its rule. */
  readonly override?: (eqn: AnyEqn, inputs: readonly NDArray[]) => readonly NDArray[] | undefined;
}

/** Runs `program` on `inputs`. Symbolic dims are solved from the shapes of the inputs. */
export function interpret(
  program: Program<"core">,
  inputs: readonly NDArray[],
  options: InterpretOptions = {},
): NDArray[] {
  const world: World = {
    axisEnv: options.axisEnv ?? new Map(),
    callbackValue: options.callbackValue ?? ((x) => x),
    override: options.override,
  };
  return run(program, inputs, world, new Map());
}

type World = Pick<InterpretContext, "axisEnv" | "callbackValue"> & {
  readonly override: InterpretOptions["override"] | undefined;
};

function run(
  program: Program<"core">,
  inputs: readonly NDArray[],
  world: World,
  outerSizes: ReadonlyMap<string, number>,
): NDArray[] {
  if (inputs.length !== program.inputs.length) {
    internal(`interpret ${program.name}: ${inputs.length} values for ${program.inputs.length} inputs`);
  }
  const sizes = new Map<string, number>();
  program.inputs.forEach((v, i) => bindSizes(v, inputs[i], sizes));
  for (const [name, n] of outerSizes) if (!sizes.has(name)) sizes.set(name, n);
  const size = (d: Dim): number => {
    const n = substituteDim(d, sizes);
    return isStatic(n) ? n : internal(`interpret ${program.name}: the size ${n} is not known from the inputs`);
  };
  const env = new Map<Var, NDArray>();
  const read = (a: Atom): NDArray => {
    if (a.kind === "literal") return literalValue(a.value, a);
    return env.get(a) ?? internal(`interpret ${program.name}: a variable is used before it is defined`);
  };
  program.inputs.forEach((v, i) => {
    checkValue(`input ${i} of ${program.name}`, v, inputs[i], size);
    env.set(v, inputs[i]);
  });
  for (const eqn of program.eqns) {
    const ctx: InterpretContext = {
      outputs: eqn.outputs.map((v) => v.aval),
      axisEnv: world.axisEnv,
      callbackValue: world.callbackValue,
      size,
      interpret: (p, xs) => run(p, xs, world, sizes),
    };
    const operands = eqn.inputs.map(read);
    const results = world.override?.(eqn, operands) ?? apply(ctx, eqn, operands);
    if (results.length !== eqn.outputs.length) {
      internal(`interpret ${eqn.prim}: ${results.length} results for ${eqn.outputs.length} outputs`);
    }
    eqn.outputs.forEach((v, i) => {
      checkValue(`result ${i} of ${eqn.prim}`, v, results[i], size);
      env.set(v, results[i]);
    });
  }
  return program.outputs.map(read);
}

function apply(ctx: InterpretContext, eqn: AnyEqn, inputs: readonly NDArray[]): readonly NDArray[] {
  const rule = rules[eqn.prim] as AnyRule<InterpretKind>;
  return rule(ctx, inputs, eqn.params as never);
}

function literalValue(value: number | bigint | boolean, { aval }: Atom): NDArray {
  const out = zeros([], aval.dtype);
  out.data[0] = roundTo(aval.dtype, typeof value === "boolean" ? Number(value) : value) as never;
  return out;
}

/** A dim that is one name takes the size of the axis that it stands for; expressions are then checked against it. */
function bindSizes(v: Var, x: NDArray, sizes: Map<string, number>): void {
  v.aval.shape.forEach((d, i) => {
    if (!isStatic(d) && /^[A-Za-z_]\w*$/.test(String(d)) && !sizes.has(String(d))) sizes.set(String(d), x.shape[i]);
  });
}

/** abstractEval's shape and dtype must be the run's: every run checks it. */
function checkValue(what: string, v: Var, x: NDArray, size: (d: Dim) => number): void {
  const fits =
    x.dtype === v.aval.dtype &&
    x.shape.length === v.aval.shape.length &&
    v.aval.shape.every((d, i) => size(d) === x.shape[i]) &&
    x.data.length === sizeOfShape(x.shape);
  if (!fits) internal(`interpret: ${what} is ${printAval(ndAval(x))}, the program says ${printAval(v.aval)}`);
}
