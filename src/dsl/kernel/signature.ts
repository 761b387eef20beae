/** The parameters of a kernel's function: arguments, then the outs, then constants, which calls give by name. */
import { fail } from "../../diagnostics/error.js";
import type { AnyFunction } from "../../tracer/staged.js";
import { parameterNames } from "../../tracer/trace.js";
import type { FunctionNode, Node, Pattern } from "../ast.js";
import { captureOf } from "../capture.js";
import { closureNodes } from "../interpret/calls.js";
import { codeOf } from "../interpret/code.js";
import { isTraced } from "../interpret/values.js";
import { FIELDS } from "../schema.js";

export interface Parameter {
  readonly name: string;
  /** It has a default. */
  readonly optional: boolean;
  /** `{ BLOCK, TILE = 4 }`: constants by their own names; with whether they have a default. */
  readonly members: ReadonlyMap<string, boolean> | undefined;
}

export function parametersOf(fn: AnyFunction, name: string): readonly Parameter[] {
  const node = nodeOf(fn);
  if (node) {
    return node.params.map(({ pattern, fallback }, i) => ({
      name: pattern.kind === "name" ? pattern.name : `argument ${i}`,
      optional: fallback !== undefined,
      members: membersOf(pattern, name),
    }));
  }
  const names = parameterNames(fn);
  return names.map((p, i) => ({ name: p ?? `argument ${i}`, optional: i >= fn.length, members: undefined }));
}

/** The tree of a function that is captured, or that the interpreter made of a part of one. */
function nodeOf(fn: AnyFunction): FunctionNode | undefined {
  const record = captureOf(fn);
  return record ? codeOf(record).root : closureNodes.get(fn);
}

function membersOf(pattern: Pattern, name: string): ReadonlyMap<string, boolean> | undefined {
  if (pattern.kind === "name") return undefined;
  if (pattern.kind !== "objectPattern") {
    return fail("TW8013", `kernel(${name}): a parameter is a pattern of a list`, {
      help: "give each parameter a name",
    });
  }
  const members = pattern.properties.map(({ key, element }) => {
    if (typeof key !== "string")
      fail("TW8013", `kernel(${name}): a constant has a computed name`, { help: "give each constant a name" });
    return [key, element.fallback !== undefined] as const;
  });
  return new Map(members);
}

/** A constant that the call does not give. */
export function failMissing(name: string, key: string): never {
  return fail("TW8009", `${name}: the constant ${key} is missing`, {
    help: `pass it by its name in the last argument of the call: { ${key}: 128 }`,
  });
}

/** Constants that no parameter stands for; `first`: how many parameters are surely none. */
export function checkNames(
  name: string,
  parameters: readonly Parameter[],
  first: number,
  given: Readonly<Record<string, unknown>>,
): void {
  const known = parameters.slice(first).flatMap((p) => (p.members ? [...p.members.keys()] : [p.name]));
  for (const key of Object.keys(given)) {
    if (known.includes(key)) continue;
    if (parameters.some((p) => p.name === key)) {
      fail("TW8009", `${name}: ${key} is no constant`, {
        help: "arguments come before the last one, in their order; outs are made by the call",
      });
    }
    fail("TW8009", `${name}: there is no constant ${key}`, {
      help: known.length > 0 ? `its constants are ${known.join(", ")}` : "it has none",
    });
  }
}

const ACCESS = /^(load|store|atomic\w+)$/;
const WRITE = /^(store|atomic\w+)$/;

/** Parameters that the source loads from or stores to. */
function referencesOf(fn: AnyFunction, access = ACCESS): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit);
    if (typeof value !== "object" || value === null || !("kind" in value)) return;
    const node = value as Node;
    if (node.kind === "call" && node.callee.kind === "captured" && access.test(node.callee.chain)) {
      const [target] = node.args;
      if (target?.kind === "name") found.add(target.name);
    }
    for (const [field] of FIELDS.get(node.kind)?.fields ?? [])
      visit((node as unknown as Record<string, unknown>)[field]);
  };
  visit(nodeOf(fn)?.body);
  return found;
}

/** The first parameter that the source stores to: arguments come before it. */
export function firstStored(fn: AnyFunction, parameters: readonly Parameter[]): number {
  const written = referencesOf(fn, WRITE);
  const at = parameters.findIndex((p) => written.has(p.name));
  return at < 0 ? parameters.length : at;
}

/** Too many arguments: of those past the first `most` none is one, such as a constant that stands among them. */
export function failExcess(
  fn: AnyFunction,
  name: string,
  parameters: readonly Parameter[],
  args: number,
  most: number,
  given: Readonly<Record<string, unknown>>,
): never {
  const references = referencesOf(fn);
  const call = parameters.slice(0, most).map((p) => p.name);
  const missing = parameters
    .slice(most)
    .find((p) => !p.members && !p.optional && !references.has(p.name) && !(p.name in given));
  if (missing) {
    fail("TW8009", `${name}: the constant ${missing.name} is missing, and of ${args} arguments ${most} can be some`, {
      help: `pass constants by name in the last argument: ${name}(${[...call, `{ ${missing.name}: 128 }`].join(", ")})`,
    });
  }
  fail("TW8016", `${name}: the call gives ${args} arguments of ${most}: ${parameters[most].name} is stored to`, {
    help: `outs are made by the call: ${name}(${call.join(", ")})`,
  });
}

/** Too few arguments: the parameters after the outs would be constants, and the source takes one of them for an array. */
export function checkCount(
  fn: AnyFunction,
  name: string,
  parameters: readonly Parameter[],
  args: number,
  outs: number,
  given: Readonly<Record<string, unknown>>,
): void {
  if (parameters.slice(args + outs).every((p) => p.members || p.optional || p.name in given)) return;
  const references = referencesOf(fn);
  const wanted = parameters.reduce((n, p, i) => (references.has(p.name) ? i + 1 : n), 0) - outs;
  if (wanted <= args) return;
  const missing = parameters.slice(args, wanted).map((p) => p.name);
  const all = parameters.slice(0, wanted).map((p) => p.name);
  fail(
    "TW8016",
    `${name}: the argument${missing.length === 1 ? "" : "s"} ${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} missing`,
    { help: `the call gives ${args} of ${wanted}: ${name}(${all.join(", ")})` },
  );
}

/** The values of the constants, in the order of the parameters from `first` on. */
export function bindConstants(
  name: string,
  parameters: readonly Parameter[],
  first: number,
  given: Readonly<Record<string, unknown>>,
): readonly unknown[] {
  const own = parameters.slice(first);
  for (const [key, value] of Object.entries(given)) {
    if (!isTraced(value)) continue;
    fail("TW8012", `${name}: the constant ${key} is traced, and known only when the program runs`, {
      help: `a transform takes it for an array: wrap the call, (x) => ${name}(x, { ${key}: 128 })`,
    });
  }
  checkNames(name, parameters, first, given);
  const missing = (key: string): never => failMissing(name, key);
  return own.map((p) => {
    if (!p.members) return p.name in given ? given[p.name] : p.optional ? undefined : missing(p.name);
    for (const [key, optional] of p.members) if (!optional && !(key in given)) missing(key);
    return Object.fromEntries(Object.entries(given).filter(([key]) => p.members?.has(key)));
  });
}
