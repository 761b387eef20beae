/** The parameters of a kernel's function: arguments, then the outs, then constants, which calls give by name. */
import { fail } from "../../diagnostics/error.js";
import type { AnyFunction } from "../../tracer/staged.js";
import { parameterNames } from "../../tracer/trace.js";
import type { Pattern } from "../ast.js";
import { captureOf } from "../capture.js";
import { codeOf } from "../interpret/code.js";
import { isTraced } from "../interpret/values.js";

export interface Parameter {
  readonly name: string;
  /** It has a default. */
  readonly optional: boolean;
  /** `{ BLOCK, TILE = 4 }`: constants by their own names; with whether they have a default. */
  readonly members: ReadonlyMap<string, boolean> | undefined;
}

export function parametersOf(fn: AnyFunction, name: string): readonly Parameter[] {
  const record = captureOf(fn);
  if (record) {
    return codeOf(record).root.params.map(({ pattern, fallback }, i) => ({
      name: pattern.kind === "name" ? pattern.name : `argument ${i}`,
      optional: fallback !== undefined,
      members: membersOf(pattern, name),
    }));
  }
  const names = parameterNames(fn);
  return names.map((p, i) => ({ name: p ?? `argument ${i}`, optional: i >= fn.length, members: undefined }));
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
  const known = own.flatMap((p) => (p.members ? [...p.members.keys()] : [p.name]));
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
  const missing = (key: string): never =>
    fail("TW8009", `${name}: the constant ${key} is missing`, {
      help: `pass it by its name in the last argument of the call: { ${key}: 128 }`,
    });
  return own.map((p) => {
    if (!p.members) return p.name in given ? given[p.name] : p.optional ? undefined : missing(p.name);
    for (const [key, optional] of p.members) if (!optional && !(key in given)) missing(key);
    return Object.fromEntries(Object.entries(given).filter(([key]) => p.members?.has(key)));
  });
}
