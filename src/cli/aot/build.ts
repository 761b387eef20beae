/** Builds a function ahead of time: modules, what it closes over, a loader and its types, as files that need no compiler. */
import { fail } from "../../diagnostics/error.js";
import { type Aval, sizeOf } from "../../ir/aval.js";
import { byteSize } from "../../ir/dtype.js";
import { leafAval } from "../../tracer/leaf.js";
import { Tensor } from "../../tracer/tensor.js";
import { type AnyFunction, argumentName, traceFunction } from "../../tracer/trace.js";
import * as tree from "../../tree/index.js";
import { printDeclarations } from "./declarations.js";
import { type Manifest, printLoader } from "./loader.js";
import { lowerVariants } from "./lower.js";
import { shrinkModule } from "./shrink.js";
import { type Leaf, type Structure, structureOf } from "./structure.js";

const PAGE = 65536;
/** The first bytes of the memory stay free: address 0 is no place for data. */
const BASE = 1024;

/** A file of the result: its name and what is in it. */
export interface BuiltFile {
  readonly name: string;
  readonly content: string | Uint8Array;
}

/** The function as traced with `args`, in files called `name`. */
export async function buildAhead(
  f: AnyFunction,
  args: readonly unknown[],
  name: string,
  version: string,
): Promise<readonly BuiltFile[]> {
  const { leaves, treedef } = tree.flatten(args);
  const avals = leaves.map((x, i) => leafAval(x, () => argumentName(name, args, i)));
  const { program, captures, outTree } = traceFunction(f, avals, treedef, { kind: "jit", name });
  if (program.effects.some((e) => e.startsWith("io"))) {
    fail("TW6002", `${name} calls back into JavaScript`, {
      help: "debug prints, checks and callbacks stay in the program that jit compiles",
    });
  }
  const space = new Space(BASE);
  const place = (a: Aval): Leaf => ({
    dtype: a.dtype,
    shape: a.shape.map(Number),
    address: space.take(sizeOf(a) * byteSize(a.dtype)),
  });
  const table = space.take((program.inputs.length + program.outputs.length) * 4);
  const held = program.inputs.slice(0, captures.length).map((v) => place(v.aval));
  const weightBytes = held.length === 0 ? 0 : space.end - held[0].address;
  const inputs = program.inputs.slice(captures.length).map((v) => place(v.aval));
  const outputs = program.outputs.map((o) => place(o.aval));
  const arena = space.take(0);

  const variants = lowerVariants(program);
  const files: BuiltFile[] = [];
  for (const { suffix, bytes } of variants)
    files.push({ name: `${name}${suffix}.wasm`, content: await shrinkModule(bytes) });
  const modules = files.map((file) => file.name);
  if (weightBytes > 0) {
    const weights = new Uint8Array(weightBytes);
    captures.forEach((c, i) => {
      const { buffer, byteOffset, byteLength } = Tensor.source(c).cell("building").read();
      weights.set(new Uint8Array(buffer, byteOffset, byteLength), held[i].address - held[0].address);
    });
    files.push({ name: `${name}.weights`, content: weights });
  }
  const result = structureOf(outTree, `the result of ${name}`);
  const manifest: Manifest = {
    name,
    modules,
    weights: weightBytes > 0 ? { file: `${name}.weights`, address: held[0].address } : null,
    pages: Math.ceil((arena + Math.max(...variants.map((v) => v.arenaBytes))) / PAGE),
    table,
    arena,
    pointers: [...held, ...inputs, ...outputs].map((l) => l.address),
    args: argumentsOf(treedef, name),
    inputs,
    result,
    outputs,
  };
  files.push({ name: `${name}.js`, content: printLoader(manifest, version) });
  files.push({ name: `${name}.d.ts`, content: printDeclarations(manifest, parameterNames(f), version) });
  return files;
}

function argumentsOf(treedef: tree.TreeDef, name: string): readonly Structure[] {
  const all = structureOf(treedef, `an argument of ${name}`);
  return all.kind === "list" ? all.items : [all];
}

/** Names of the parameters as far as the function's text has plain ones. */
function parameterNames(f: AnyFunction): readonly string[] {
  const source = Function.prototype.toString.call("original" in f ? f.original : f);
  const list = /^(?:function\b\s*)?[\w$]*\s*\(([^()]*)\)/.exec(source)?.[1] ?? /^([\w$]+)\s*=>/.exec(source)?.[1] ?? "";
  const names = list.split(",").map((p) => p.trim());
  return names.every((p) => /^[A-Za-z_$][\w$]*$/.test(p)) ? names : [];
}

/** Addresses one after the other, as vectors and cache lines like them. */
class Space {
  constructor(public end: number) {}
  take(bytes: number): number {
    const at = Math.ceil(this.end / 64) * 64;
    this.end = at + bytes;
    return at;
  }
}
