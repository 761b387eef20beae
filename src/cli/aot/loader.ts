/** The JavaScript module beside a program that was built ahead of time: it loads the program and calls it. */
import { type DType, STORAGE } from "../../ir/dtype.js";
import type { Leaf, Structure } from "./structure.js";

export interface Manifest {
  readonly name: string;
  /** Files with the same program, the first that the engine accepts is taken. */
  readonly modules: readonly string[];
  /** What the program closes over: a file, and where in memory its bytes go; null: nothing. */
  readonly weights: { readonly file: string; readonly address: number } | null;
  readonly pages: number;
  readonly table: number;
  readonly arena: number;
  /** Addresses in the table: of what is closed over, the arguments and the results. */
  readonly pointers: readonly number[];
  readonly args: readonly Structure[];
  readonly inputs: readonly Leaf[];
  readonly result: Structure;
  readonly outputs: readonly Leaf[];
}

/** The typed array of a dtype, by name. */
export function storageName(dtype: DType): string {
  return STORAGE[dtype].name;
}

export function printLoader(manifest: Manifest, version: string): string {
  const { inputs, outputs, modules, weights, ...rest } = manifest;
  const leaf = (l: Leaf) => ({
    type: `${l.dtype}[${l.shape.join(",")}]`,
    array: storageName(l.dtype),
    address: l.address,
    length: l.shape.reduce((n, d) => n * d, 1),
    scalar: l.shape.length === 0 ? l.dtype : null,
  });
  const file = (name: string): string => `new URL(${JSON.stringify(`./${name}`)}, import.meta.url)`;
  const data = { ...rest, inputs: inputs.map(leaf), outputs: outputs.map(leaf), weights: weights?.address ?? null };
  return `// ${manifest.name}, built ahead of time by Tilework ${version}: do not edit.
const program = ${JSON.stringify(data)};
const files = { modules: [${modules.map(file).join(", ")}], weights: ${weights ? file(weights.file) : "null"} };
${RUNTIME}`;
}

/** What all loaders share: plain JavaScript for Node and browsers, without anything to import. */
const RUNTIME = `
const arrays = { Uint8Array, Int8Array, Uint16Array, Int16Array, Int32Array, Uint32Array, BigInt64Array, BigUint64Array, Float32Array, Float64Array };

async function read(url) {
  if (url.protocol === "file:") {
    const { readFile } = await import(/* @vite-ignore */ /* webpackIgnore: true */ "node:fs/promises");
    return readFile(url);
  }
  const response = await fetch(url);
  if (!response.ok) throw new Error(program.name + ": " + url.href + " cannot be read (" + response.status + " " + response.statusText + ")");
  return new Uint8Array(await response.arrayBuffer());
}

async function compile() {
  for (const url of files.modules) {
    const bytes = await read(url);
    if (WebAssembly.validate(bytes)) return WebAssembly.compile(bytes);
  }
  throw new Error(program.name + ": this engine has no SIMD for WebAssembly");
}

function describe(x) {
  if (x === null || typeof x !== "object") return x === null ? "null" : typeof x;
  const name = x.constructor ? x.constructor.name : "object";
  return "length" in x ? name + " of " + x.length + " elements" : name;
}

/** Loads the program: its module, and the arrays that it closes over. */
export async function load() {
  const [module, weights] = await Promise.all([compile(), files.weights && read(files.weights)]);
  const memory = new WebAssembly.Memory({ initial: program.pages });
  const buffer = memory.buffer;
  const { run } = (await WebAssembly.instantiate(module, { env: { memory } })).exports;
  new Uint32Array(buffer, program.table, program.pointers.length).set(program.pointers);
  if (weights) new Uint8Array(buffer).set(weights, program.weights);
  const view = (leaf) => new arrays[leaf.array](buffer, leaf.address, leaf.length);
  const inputs = program.inputs.map(view);
  const outputs = program.outputs.map(view);

  const wrong = (path, expected, x) => {
    throw new TypeError(program.name + ": argument " + path + " must be " + expected + ", not " + describe(x));
  };
  const put = (spec, x, path) => {
    switch (spec.kind) {
      case "null":
      case "undefined":
        if (x !== null && x !== undefined) wrong(path, spec.kind, x);
        return;
      case "list":
        if (!Array.isArray(x) || x.length !== spec.items.length) wrong(path, "a list of " + spec.items.length, x);
        spec.items.forEach((s, i) => put(s, x[i], path + "[" + i + "]"));
        return;
      case "object":
        if (x === null || typeof x !== "object") wrong(path, "an object with " + spec.keys.join(", "), x);
        spec.items.forEach((s, i) => put(s, x[spec.keys[i]], path + "." + spec.keys[i]));
        return;
    }
    const leaf = program.inputs[spec.leaf];
    const target = inputs[spec.leaf];
    if (leaf.scalar !== null && (typeof x === "number" || typeof x === "bigint" || typeof x === "boolean")) {
      target[0] = typeof target[0] === "bigint" ? BigInt(x) : Number(x);
    } else if (x instanceof arrays[leaf.array] && x.length === leaf.length) target.set(x);
    else wrong(path, leaf.array + " of " + leaf.length + " elements (" + leaf.type + ")", x);
  };
  const take = (spec) => {
    switch (spec.kind) {
      case "null":
        return null;
      case "undefined":
        return undefined;
      case "list":
        return spec.items.map(take);
      case "object":
        return Object.fromEntries(spec.keys.map((k, i) => [k, take(spec.items[i])]));
    }
    const { scalar } = program.outputs[spec.leaf];
    const source = outputs[spec.leaf];
    if (scalar === null || scalar === "f16" || scalar === "bf16") return source.slice();
    return scalar === "bool" ? source[0] !== 0 : source[0];
  };

  return (...args) => {
    if (args.length !== program.args.length) throw new TypeError(program.name + " takes " + program.args.length + " arguments, not " + args.length);
    program.args.forEach((spec, i) => put(spec, args[i], String(i)));
    run(program.table, program.arena);
    return take(program.result);
  };
}
`;
