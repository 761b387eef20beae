/** `printSource`: what a function became under its transforms, as a TypeScript program with the user's names. */
import { fail } from "../../diagnostics/error.js";
import { printAval } from "../../ir/aval.js";
import { isStaticShape } from "../../ir/dim.js";
import type { Program, Var } from "../../ir/program.js";
import { nestedPrograms } from "../../ir/rewrite.js";
import { simplify } from "../../simplify/index.js";
import { checkFunction, leafAval } from "../../tracer/leaf.js";
import { type Named, withNames } from "../../tracer/naming.js";
import { Tensor } from "../../tracer/tensor.js";
import { type AnyFunction, argumentName, leafNames, traceFunction, userName } from "../../tracer/trace.js";
import * as tree from "../../tree/index.js";
import { isIdentifier, key, Names } from "./names.js";
import { Body, indent, typeText } from "./program.js";
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
  checkSizes(program);
  const { captures, outTree } = result;
  // a transform's own parameters have no names: those of the function inside do
  const like = seen.filter((n) => tree.equal(n.inTree, treedef));
  const leafNamed = leafNames(f, treedef).map(
    (name, i) => like.map((n) => n.names[i]).find((n) => !isUnnamed(n)) ?? name,
  );

  const names = new Names();
  const body = new Body(names, types);
  const own = names.take(titleOf(f, seen));
  const parameters: string[] = [];
  const typeOf = (v: Var): string => (types ? typeText(v) : "Tensor");
  const bound = program.inputs.slice(0, captures.length).map((v) => {
    const name = names.take(v.name ?? "captured");
    parameters.push(`${name}: ${typeOf(v)}`);
    return name;
  });
  // each argument is a parameter; trees are taken apart by their paths
  const mine = program.inputs.slice(captures.length);
  const paths = tree.flattenWithPath(tree.unflatten(treedef, range(leaves.length))).paths;
  args.forEach((arg, at) => {
    const leavesOf = mine.flatMap((v, i) => (paths[i].startsWith(`[${at}]`) ? [{ v, i, rest: restOf(paths[i]) }] : []));
    if (leavesOf.length === 0) {
      parameters.push(`${names.take("unused")}: ${shapeOf(arg)}`);
      return;
    }
    const [{ v, i, rest }] = leavesOf;
    const named = !isUnnamed(leafNamed[i]);
    if (rest === "") {
      const name = names.take(named ? leafNamed[i] : undefined);
      parameters.push(`${name}: ${typeOf(v)}`);
      bound.push(name);
      return;
    }
    const fields = leavesOf.map((l) => /^\.?([^.[]+)$/.exec(l.rest)?.[1]);
    if (!named && fields.every((k) => k !== undefined && isIdentifier(k))) {
      const taken = fields.map((k) => names.take(k));
      bound.push(...taken);
      const parts = taken.map((t, k) => (t === fields[k] ? t : `${fields[k]}: ${t}`));
      parameters.push(`{ ${parts.join(", ")} }: ${shapeOf(arg)}`);
      return;
    }
    const name = names.take(named ? /^[^.[]*/.exec(leafNamed[i])?.[0] : "tree");
    parameters.push(`${name}: ${shapeOf(arg)}`);
    bound.push(...leavesOf.map((l) => `${name}${l.rest}`));
  });
  const results = body.inline(
    program,
    program.inputs.map((v, i) => ({ text: bound[i], dtype: v.aval.dtype, shape: v.aval.shape })),
  );
  const value = literal(tree.unflatten(outTree, range(results.length)), (i) => results[i].text);
  const lines = [...ruleNotes(result.program), ...body.lines, `return ${value};`];
  const head = `export function ${own}(${parameters.join(", ")})`;
  const text = `${head.length < 100 ? head : `export function ${own}(\n${indent(parameters.map((q) => `${q},`))}\n)`} {\n${indent(lines)}\n}\n`;
  return { text: `${imports(text)}\n\n${text}`, captures, program };
}

/** Sizes stand in the text as numbers. */
function checkSizes(p: Program<"core">): void {
  const vars = [...p.inputs, ...p.eqns.flatMap((e) => e.outputs)];
  const found = vars.find((v) => !isStaticShape(v.aval.shape));
  if (found) {
    fail("TW4006", `printSource: ${printAval(found.aval)} has a size that is no number`, {
      help: "give arrays, or specs with all their sizes",
    });
  }
  for (const e of p.eqns) nestedPrograms(e).forEach(checkSizes);
}

const isUnnamed = (name: string): boolean => /^argument \d/.test(name);
const restOf = (path: string): string => path.replace(/^\[\d+\]/, "");

/** `grad_loss` for grad(loss): what the functions traced inside of each other are traced for, down to the user's. */
function titleOf(f: AnyFunction, seen: readonly Named[]): string {
  if (userName(f)) return userName(f).replace(/[^\p{ID_Continue}$]/gu, "_");
  const words: string[] = [];
  for (const { kind, name } of seen.slice(1)) {
    if (kind === "control") break;
    if (kind !== "jit" && kind !== "shape" && kind !== "custom") words.push(kind);
    if (!name) continue;
    words.push(name.replace(/[^\p{ID_Continue}$]/gu, "_"));
    return words.join("_");
  }
  return words.join("_") || "main";
}

/** What the text does not say: that functions in it have rules for their derivatives. */
function ruleNotes(program: Program<"core">): string[] {
  const found = new Set<string>();
  const visit = (p: Program<"core">): void => {
    for (const e of p.eqns) {
      if (e.prim === "custom_jvp_call" || e.prim === "custom_vjp_call") found.add(e.params.name || "a function");
      nestedPrograms(e).forEach(visit);
    }
  };
  visit(program);
  if (found.size === 0) return [];
  const has = found.size === 1 ? "has a derivative rule of its own" : "have derivative rules of their own";
  return [`// ${[...found].join(", ")} ${has}: differentiating this text does not use it`];
}

function imports(text: string): string {
  const wanted = "checkpoint cond jvp lax nn numpy:as:np random scan switchCase vjp whileLoop"
    .split(" ")
    .map((w) => w.replaceAll(":", " "));
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
      .map(([k, v]) => {
        const text = literal(v, leaf);
        return text === k ? k : `${key(k)}: ${text}`;
      })
      .join(", ")} }`;
  return String(value);
}
