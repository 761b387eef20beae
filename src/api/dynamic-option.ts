/** Which axes of a jitted function's arguments are dynamic, as users say it. */
import { fail } from "../diagnostics/error.js";
import { type Aval, printAval } from "../ir/aval.js";
import { describeValue } from "../tracer/leaf.js";
import { isTensor } from "../tracer/tensor.js";
import { argumentName } from "../tracer/trace.js";
import * as tree from "../tree/index.js";

/**
 * Axis number (negative counts from the end) → name of its size, true for a size without a name, false for an axis that is
 * never dynamic.
 * @example { 0: "batch", 2: false }
 */
export type DynamicAxes = { readonly [axis: number]: string | boolean };
/**
 * For one argument: as it comes (null), every axis or none (true, false), these axes of every array in it, or a tree of such
 * as the argument is one.
 */
export type DynamicArgument =
  | null
  | undefined
  | boolean
  | DynamicAxes
  | readonly unknown[]
  | { readonly [key: string]: unknown };
/**
 * `true`: all axes of all arguments. `false`: none, ever. A list: one entry for each argument. Of axes that are not named each
 * becomes dynamic by itself when a second size of it is seen.
 * @example jit(loss, { dynamic: [null, { 0: "batch" }, { 0: "batch" }] })
 */
export type DynamicOption = boolean | readonly DynamicArgument[];

/** For each leaf and axis: its name, true for one without, false for never, undefined where nothing was said. */
export type Declared = readonly (readonly (string | boolean | undefined)[])[];

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

const AXES = {
  help: 'give one entry for each argument: null, true, or an object of axes, as in { dynamic: [null, { 0: "batch" }] }',
};

/** What is wrong in an option whatever the arguments are. */
export function checkDynamic(label: string, option: unknown): void {
  if (option === undefined || typeof option === "boolean" || Array.isArray(option)) return;
  fail("TW1007", `${label}: dynamic is ${describeValue(option)}`, AXES);
}

/** The option for these arguments; undefined when it names nothing. Static arguments are given as null. */
export function declaredAxes(
  label: string,
  option: DynamicOption | undefined,
  args: readonly unknown[],
  avals: readonly Aval[],
): Declared | undefined {
  if (option === undefined || option === false) return undefined;
  const list = option === true ? args.map(() => true) : option;
  if (list.length > args.length && list.slice(args.length).some((d) => d !== null && d !== undefined)) {
    fail(
      "TW1007",
      `${label}: dynamic names argument ${list.length - 1}, but the function was called with ${args.length}`,
      AXES,
    );
  }
  let at = 0;
  const leaf = (d: unknown): (string | boolean | undefined)[] => {
    const where = (): string => argumentName(label, args, at - 1);
    const { shape } = avals[at++];
    if (d === null || d === undefined) return shape.map(() => undefined);
    if (typeof d === "boolean") return shape.map(() => d);
    if (typeof d !== "object" || Array.isArray(d)) fail("TW1007", `${where()}: dynamic is ${describeValue(d)}`, AXES);
    const names = shape.map((): string | boolean | undefined => undefined);
    for (const [key, name] of Object.entries(d)) {
      const axis = Number(key);
      if (!Number.isInteger(axis) || axis < -shape.length || axis >= shape.length) {
        fail("TW2004", `${where()}: dynamic names axis ${key} of ${printAval(avals[at - 1])}`, {
          help: shape.length === 0 ? "a scalar has no axes" : `axes run from ${-shape.length} to ${shape.length - 1}`,
        });
      }
      if (typeof name === "string" ? !NAME.test(name) : name !== true && name !== false) {
        fail("TW1007", `${where()}: the name of axis ${key} is ${describeValue(name)}`, {
          help: 'a name is letters, digits and _, as in { 0: "batch" }; true is for a size without a name',
        });
      }
      names[axis < 0 ? axis + shape.length : axis] = name;
    }
    return names;
  };
  const walk = (d: unknown, arg: unknown): (string | boolean | undefined)[][] => {
    if (isTensor(arg) || isUniform(d)) return tree.leaves(arg).map(() => leaf(d));
    const inner = children(arg);
    if (inner === undefined) return tree.leaves(arg).map(() => leaf(d));
    const given = d as Readonly<Record<string, unknown>>;
    const unknown = Object.keys(given).find((k) => !inner.some(([name]) => name === k));
    if (unknown !== undefined) {
      fail("TW1009", `${label}: dynamic names ${JSON.stringify(unknown)}, which the argument does not have`, AXES);
    }
    return inner.flatMap(([k, x]) => walk(given[k], x));
  };
  return args.flatMap((arg, i) => walk(list[i], arg));
}

/** Says the same of every array in an argument. */
function isUniform(d: unknown): boolean {
  if (typeof d !== "object" || d === null) return true;
  return !Array.isArray(d) && Object.entries(d).every(([k, v]) => /^-?\d+$/.test(k) && typeof v !== "object");
}
/** The parts of a list or plain object in the order of its leaves. */
function children(arg: unknown): [string, unknown][] | undefined {
  if (typeof arg !== "object" || arg === null) return undefined;
  if (Array.isArray(arg)) return arg.map((x, i) => [String(i), x]);
  if (Object.getPrototypeOf(arg) !== Object.prototype) return undefined;
  return Object.keys(arg)
    .sort()
    .map((k) => [k, (arg as Record<string, unknown>)[k]]);
}

/** TW2001 when two axes of one name have different sizes. */
export function checkNames(label: string, declared: Declared, args: readonly unknown[], avals: readonly Aval[]): void {
  const seen = new Map<string, { readonly size: unknown; readonly leaf: number; readonly axis: number }>();
  declared.forEach((names, leaf) => {
    names.forEach((name, axis) => {
      if (typeof name !== "string") return;
      const size = avals[leaf].shape[axis];
      const first = seen.get(name);
      if (first === undefined) seen.set(name, { size, leaf, axis });
      else if (first.size !== size) {
        fail(
          "TW2001",
          `${argumentName(label, args, leaf)} has ${String(size)} on axis ${axis}, but ${name} is ${String(first.size)} (axis ${first.axis} of ${argumentName("", args, first.leaf)})`,
          {
            help: `axes that dynamic calls ${name} have one size in each call; give them two names, or pass arrays that agree`,
          },
        );
      }
    });
  });
}
