/** The types of a program that was built ahead of time. */
import { type Manifest, storageName } from "./loader.js";
import type { Leaf, Structure } from "./structure.js";

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

export function printDeclarations(manifest: Manifest, names: readonly string[], version: string): string {
  const { name, args, result, inputs, outputs } = manifest;
  const parameters = args.map((s, i) => `${names[i] ?? `arg${i}`}: ${typeOf(s, inputs, "argument")}`);
  const lines = args.flatMap((s, i) => leavesOf(s, names[i] ?? `arg${i}`).map((l) => describe(l, inputs)));
  return `// ${name}, built ahead of time by Tilework ${version}: do not edit.

/**
 * Arrays are typed arrays with their elements in row-major order; scalars are numbers.
 *
${[...lines, ...leavesOf(result, "result").map((l) => describe(l, outputs)), ...boundsOf(manifest)].map((l) => ` * - ${l}`).join("\n")}
 */
export type Program = (${parameters.join(", ")}) => ${typeOf(result, outputs, "result")};

/** Loads the program: its module, and the arrays that it closes over. */
export declare function load(): Promise<Program>;
`;
}

/** Sizes that the program does not serve. */
export function boundsOf({ sized }: Manifest): readonly string[] {
  return (sized?.names ?? []).flatMap((name, i) => {
    const least = sized?.least[i] ?? 1;
    return least > 1 ? [`${name} is ${least} at least: at 1 the function is another program`] : [];
  });
}

function typeOf(s: Structure, leaves: readonly Leaf[], side: "argument" | "result"): string {
  switch (s.kind) {
    case "leaf":
      return leafType(leaves[s.leaf], side);
    case "null":
    case "undefined":
      return s.kind;
    case "list":
      return `${side === "argument" ? "readonly " : ""}[${s.items.map((i) => typeOf(i, leaves, side)).join(", ")}]`;
    case "object": {
      const readonly = side === "argument" ? "readonly " : "";
      const entries = s.items.map((i, k) => {
        const key = IDENTIFIER.test(s.keys[k]) ? s.keys[k] : JSON.stringify(s.keys[k]);
        return `${readonly}${key}: ${typeOf(i, leaves, side)}`;
      });
      return `{ ${entries.join("; ")} }`;
    }
  }
}

function leafType({ dtype, shape }: Leaf, side: "argument" | "result"): string {
  const array = storageName(dtype);
  if (shape.length > 0 || dtype === "f16" || dtype === "bf16") return array;
  const scalar = dtype === "bool" ? "boolean" : array.startsWith("Big") ? "bigint" : "number";
  return side === "argument" ? `${scalar} | ${array}` : scalar;
}

function leavesOf(s: Structure, path: string): { readonly path: string; readonly leaf: number }[] {
  switch (s.kind) {
    case "leaf":
      return [{ path, leaf: s.leaf }];
    case "list":
      return s.items.flatMap((item, i) => leavesOf(item, `${path}[${i}]`));
    case "object":
      return s.items.flatMap((item, i) => leavesOf(item, `${path}.${s.keys[i]}`));
    default:
      return [];
  }
}
function describe({ path, leaf }: { path: string; leaf: number }, leaves: readonly Leaf[]): string {
  const { dtype, shape } = leaves[leaf];
  const bits = dtype === "f16" || dtype === "bf16" ? " (its bits)" : "";
  return `\`${path}\`: ${dtype}[${shape.join(",")}]${bits}`;
}
