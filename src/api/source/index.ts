/** `printSource`: what a function became under its transforms, as a TypeScript program with the user's names. */
import type { Program } from "../../ir/program.js";
import { simplify } from "../../simplify/index.js";
import { checkFunction, leafAval } from "../../tracer/leaf.js";
import { withNames } from "../../tracer/naming.js";
import { Tensor } from "../../tracer/tensor.js";
import { type AnyFunction, argumentName, leafNames, traceFunction } from "../../tracer/trace.js";
import * as tree from "../../tree/index.js";
import { Body, indent, Names, typeText } from "./program.js";
import { range } from "../../util/index.js";

export interface SourceOptions {
  /** Shapes and dtypes are written, as in `x: Tensor<[3], "f32">`. */
  readonly types?: boolean;
}

/**
 * The program of a function as TypeScript: `printSource(grad(loss))(w, x)` shows the adjoint program. What is printed is a
 * module that exports a function of the same arguments; arrays that the function closes over come first among them.
 *
 * @throws TW4006 for what no public function does
 */
export function printSource(f: AnyFunction, options: SourceOptions = {}): (...args: unknown[]) => string {
  checkFunction("printSource", f);
  return (...args) => sourceOf(f, args, options).text;
}

/** The text, and the arrays that its first arguments stand for. */
export function sourceOf(
  f: AnyFunction,
  args: readonly unknown[],
  { types = false }: SourceOptions = {},
): { text: string; captures: readonly Tensor[]; program: Program<"core"> } {
  const { leaves, treedef } = tree.flatten(args);
  const avals = leaves.map((x, i) => leafAval(x, () => argumentName(f.name, args, i)));
  const { result, seen } = withNames(() => traceFunction(f, avals, treedef, { kind: "shape", name: f.name || "main" }));
  const program = simplify(result.program);
  const { captures, outTree } = result;
  // a transform's own parameters have no names: those of the function inside do
  const own = leafNames(f, treedef);
  const inner = seen.find((s) => s.inTree !== treedef && tree.equal(s.inTree, treedef));
  const leafNamed = own.map((name, i) => (/^argument /.test(name) ? (inner?.names[i] ?? name) : name));

  const names = new Names();
  const body = new Body(names, types);
  const parameters: string[] = [];
  const bound = program.inputs.slice(0, captures.length).map((v) => {
    const name = names.take(v.name ?? "captured");
    parameters.push(`${name}: ${types ? typeText(v) : "Tensor"}`);
    return name;
  });
  const mine = program.inputs.slice(captures.length);
  // each argument is a parameter; trees are taken apart by their paths
  const paths = tree.flattenWithPath(tree.unflatten(treedef, range(leaves.length))).paths;
  const positions = paths.map((p) => Number(/^\[(\d+)\]/.exec(p)?.[1] ?? 0));
  const roots = new Map<number, string>();
  mine.forEach((v, i) => {
    const at = positions[i];
    const rest = paths[i].replace(/^\[\d+\]\.?/, "");
    const root = /^[\p{ID_Start}$_][\p{ID_Continue}$]*/u.exec(leafNamed[i])?.[0];
    if (rest === "") {
      const name = names.take(leafNamed[i]);
      roots.set(at, name);
      parameters.push(`${name}: ${types ? typeText(v) : "Tensor"}`);
      bound.push(name);
      return;
    }
    let name = roots.get(at);
    if (name === undefined) {
      name = names.take(/^argument /.test(leafNamed[i]) ? "tree" : root);
      roots.set(at, name);
      parameters.push(`${name}: ${shapeOf(args[at])}`);
    }
    bound.push(paths[i].replace(/^\[\d+\]/, name));
  });
  const results = body.inline(
    program,
    program.inputs.map((v, i) => ({ text: bound[i], dtype: v.aval.dtype, shape: v.aval.shape })),
  );
  const value = literal(tree.unflatten(outTree, range(results.length)), (i) => results[i].text);
  const lines = [...body.lines, `return ${value};`];
  const name = names.take((f.name || "main").replace(/[^\p{ID_Continue}$]/gu, "_"));
  const text = `export function ${name}(${parameters.join(", ")}) {\n${indent(lines)}\n}\n`;
  return { text: `${imports(text)}\n\n${text}`, captures, program };
}

function imports(text: string): string {
  const wanted = ["checkpoint", "cond", "lax", "numpy as np", "random", "scan", "switchCase", "whileLoop"];
  const used = wanted.filter((w) => new RegExp(`(?<![\\w.$])${w.replace(/^.* as /, "")}[.(]`).test(text));
  const all = [...used, ...(/\bTensor\b/.test(text) ? ["type Tensor"] : [])];
  return `import { ${all.join(", ")} } from "tilework";`;
}

/** The type of an argument that is a tree. */
function shapeOf(value: unknown): string {
  if (value instanceof Tensor || typeof value !== "object" || value === null || "dtype" in value) return "Tensor";
  if (Array.isArray(value)) return `[${value.map(shapeOf).join(", ")}]`;
  return `{ ${Object.entries(value)
    .map(([k, v]) => `${key(k)}: ${shapeOf(v)}`)
    .join("; ")} }`;
}

function literal(value: unknown, leaf: (i: number) => string): string {
  if (typeof value === "number") return leaf(value);
  if (Array.isArray(value)) return `[${value.map((v) => literal(v, leaf)).join(", ")}]`;
  if (typeof value === "object" && value !== null)
    return `{ ${Object.entries(value)
      .map(([k, v]) => `${key(k)}: ${literal(v, leaf)}`)
      .join(", ")} }`;
  return String(value);
}
const key = (k: string): string => (/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(k) ? k : JSON.stringify(k));
