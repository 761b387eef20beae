/** Builds a function ahead of time: modules, what it closes over, a loader and its types, as files that need no compiler. */
import { fail, isTileworkError } from "../../diagnostics/error.js";
import { type Aval, aval, sizeOf } from "../../ir/aval.js";
import { byteSize } from "../../ir/dtype.js";
import { NeedsStaticSize } from "../../ir/size.js";
import { leafAval } from "../../tracer/leaf.js";
import { Tensor } from "../../tracer/tensor.js";
import { type AnyFunction, argumentName, type Traced, traceFunction } from "../../tracer/trace.js";
import * as tree from "../../tree/index.js";
import { boundsOf, printDeclarations } from "./declarations.js";
import { type Manifest, printLoader, storageName } from "./loader.js";
import { lowerVariants } from "./lower.js";
import { nameSizes } from "./named.js";
import { shrinkModule } from "./shrink.js";
import { modulePart, scalarValue, solveNames } from "./sized.js";
import { type Leaf, type Structure, structureOf } from "./structure.js";

const PAGE = 65536;
/** The first bytes of the memory stay free: address 0 is no place for data. */
const BASE = 1024;

/** A file of the result: its name and what is in it. */
export interface BuiltFile {
  readonly name: string;
  readonly content: string | Uint8Array;
}

export interface Built {
  readonly files: readonly BuiltFile[];
  /** Sizes that the files do not serve, a sentence for each name that has such. */
  readonly bounds: readonly string[];
}

/** Sizes that the program learns when it is called: what stands for them in `args`, and the shapes of its arrays with their names. */
export interface NamedArguments {
  readonly sizes: ReadonlyMap<string, number>;
  readonly shapes: ReadonlyMap<unknown, readonly (number | string)[]>;
}

/** The function as traced with `args`, in files called `name`. */
export async function buildAhead(
  f: AnyFunction,
  args: readonly unknown[],
  name: string,
  version: string,
  named: NamedArguments = { sizes: new Map(), shapes: new Map() },
): Promise<Built> {
  const { leaves, treedef } = tree.flatten(args);
  const avals = leaves.map((x, i) => leafAval(x, () => argumentName(name, args, i)));
  const traceAt = (types: readonly Aval[]): Traced => traceFunction(f, types, treedef, { kind: "jit", name });
  const given = leaves.map((x, i) => named.shapes.get(x) ?? (avals[i].shape as readonly number[]));
  const sized =
    named.sizes.size > 0
      ? nameSizes(name, named.sizes, given, (sizes) => {
          const types = avals.map((a, i) =>
            aval(
              given[i].map((d) => sizes.get(String(d)) ?? Number(d)),
              a.dtype,
              a.weak,
            ),
          );
          try {
            return traceAt(types);
          } catch (e) {
            // sizes that the function does not take
            const isFirst = [...sizes].every(([n, value]) => named.sizes.get(n) === value);
            if (isTileworkError(e) && !isFirst) return undefined;
            throw e;
          }
        })
      : null;
  const { program: traced, captures, outTree } = sized?.traced ?? traceAt(avals);
  const program = sized?.program ?? traced;
  if (traced.effects.some((e) => e.startsWith("io"))) {
    fail("TW6002", `${name} calls back into JavaScript`, {
      help: "debug prints, checks and callbacks stay in the program that jit compiles",
    });
  }
  const space = new Space(BASE);
  const place = (a: Aval): Leaf => {
    const { dtype, shape } = a;
    return { dtype, shape, address: sized ? null : space.take(sizeOf(a) * byteSize(dtype)) };
  };
  const tableBytes = (program.inputs.length + program.outputs.length) * 4;
  const table = sized ? 0 : space.take(tableBytes);
  const held = program.inputs.slice(0, captures.length).map((v) => space.take(sizeOf(v.aval) * byteSize(v.aval.dtype)));
  const weightBytes = held.length === 0 ? 0 : space.end - held[0];
  const scalars = (sized?.scalars ?? []).map((s) => ({
    array: storageName(s.aval.dtype),
    address: space.take(8),
    value: scalarValue(s),
  }));
  const first = captures.length + scalars.length;
  const inputs = program.inputs.slice(first).map((v) => place(v.aval));
  const outputs = program.outputs.map((o) => place(o.aval));
  const arena = space.take(0);

  const variants = lowered(name, () => lowerVariants(program, sized?.sizes));
  const files: BuiltFile[] = [];
  for (const { suffix, bytes } of variants)
    files.push({ name: `${name}${suffix}.wasm`, content: await shrinkModule(bytes) });
  const modules = files.map((file) => file.name);
  if (weightBytes > 0) {
    const weights = new Uint8Array(weightBytes);
    captures.forEach((c, i) => {
      const { buffer, byteOffset, byteLength } = Tensor.source(c).cell("building").read();
      weights.set(new Uint8Array(buffer, byteOffset, byteLength), held[i] - held[0]);
    });
    files.push({ name: `${name}.weights`, content: weights });
  }
  const result = structureOf(outTree, `the result of ${name}`);
  const manifest: Manifest = {
    name,
    modules,
    weights: weightBytes > 0 ? { file: `${name}.weights`, address: held[0] } : null,
    pages: Math.ceil((arena + (sized ? 0 : Math.max(...variants.map((v) => v.arenaBytes)))) / PAGE),
    // with names, what depends on the sizes comes after what does not
    table: sized ? arena : table,
    arena,
    pointers: [
      ...held,
      ...scalars.map((s) => s.address),
      ...[...inputs, ...outputs].flatMap((l) => (l.address === null ? [] : [l.address])),
    ],
    args: argumentsOf(treedef, name),
    inputs,
    result,
    outputs,
    sized: sized && {
      names: sized.sizes.map((n) => n.name),
      least: sized.sizes.map((n) => n.atLeast),
      solve: solveNames(
        name,
        sized.sizes.map((n) => n.name),
        inputs,
      ),
      modules: variants.map(modulePart),
      scalars,
    },
  };
  files.push({ name: `${name}.js`, content: printLoader(manifest, version) });
  files.push({ name: `${name}.d.ts`, content: printDeclarations(manifest, parameterNames(f), version) });
  return { files, bounds: boundsOf(manifest) };
}

function lowered<R>(name: string, lower: () => R): R {
  try {
    return lower();
  } catch (e) {
    if (!(e instanceof NeedsStaticSize)) throw e;
    return fail("TW6002", `${name} is not one program for all sizes: ${e.reason}`, {
      help: "give the sizes as numbers, or build the function for each of them",
    });
  }
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
