/** The JavaScript module beside a program that was built ahead of time: it loads the program and calls it. */
import { dimProduct } from "../../ir/dim.js";
import { type DType, STORAGE } from "../../ir/dtype.js";
import { MOST_OF_SIZE } from "../../ir/size.js";
import { formulaOf, variableOf } from "./formula.js";
import type { SizedParts } from "./sized.js";
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
  /** JavaScript that finds what depends on sizes with names; null where all are numbers. */
  readonly sized: SizedParts | null;
}

/** The typed array of a dtype, by name. */
export function storageName(dtype: DType): string {
  return STORAGE[dtype].name;
}

export function printLoader(manifest: Manifest, version: string): string {
  const { inputs, outputs, modules, weights, sized, ...rest } = manifest;
  const leaf = (l: Leaf) => ({
    type: `${l.dtype}[${l.shape.join(",")}]`,
    array: storageName(l.dtype),
    address: l.address,
    length: staticLength(l),
    scalar: l.shape.length === 0 ? l.dtype : null,
  });
  const file = (name: string): string => `new URL(${JSON.stringify(`./${name}`)}, import.meta.url)`;
  const data = { ...rest, inputs: inputs.map(leaf), outputs: outputs.map(leaf), weights: weights?.address ?? null };
  return `// ${manifest.name}, built ahead of time by Tilework ${version}: do not edit.
const program = ${JSON.stringify(data)};
const files = { modules: [${modules.map(file).join(", ")}], weights: ${weights ? file(weights.file) : "null"} };
${sized ? printSized(sized, inputs, outputs) : "const sized = null;"}
${RUNTIME}`;
}

function staticLength({ shape }: Leaf): number | null {
  const length = dimProduct(shape);
  return typeof length === "number" ? length : null;
}
function printSized(
  { names, least, solve, modules, scalars }: SizedParts,
  inputs: readonly Leaf[],
  outputs: readonly Leaf[],
): string {
  const lengths = (leaves: readonly Leaf[]): string =>
    `[${leaves.map((l) => formulaOf(dimProduct(l.shape))).join(", ")}]`;
  const parameters = names.map((n) => variableOf(n)).join(", ");
  const parts = modules.map(
    ({ blocks, lives, words }) =>
      `{ lives: ${JSON.stringify(lives)}, blocks: (${parameters}) => [${blocks.join(", ")}], words: (offsets, ${parameters}) => [${words.join(", ")}] }`,
  );
  return `const sized = {
  names: ${JSON.stringify(names)},
  least: ${JSON.stringify(least)},
  most: ${MOST_OF_SIZE},
  // [argument, its elements for each 1 of the size, the size]
  solve: [${solve.map(({ leaf, divisor, name }) => `[${leaf}, (${parameters}) => ${divisor}, ${names.indexOf(name)}]`).join(", ")}],
  inputs: (${parameters}) => ${lengths(inputs)},
  outputs: (${parameters}) => ${lengths(outputs)},
  scalars: [${scalars.map(({ array, address, value }) => `[${array}, ${address}, (${parameters}) => ${value}]`).join(", ")}],
  modules: [${parts.join(", ")}],
};`;
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
  for (const [i, url] of files.modules.entries()) {
    const bytes = await read(url);
    if (WebAssembly.validate(bytes)) return [await WebAssembly.compile(bytes), i];
  }
  throw new Error(program.name + ": this engine has no SIMD for WebAssembly");
}

function describe(x) {
  if (x === null || typeof x !== "object") return x === null ? "null" : typeof x;
  const name = x.constructor ? x.constructor.name : "object";
  return "length" in x ? name + " of " + x.length + " elements" : name;
}

const aligned = (n) => Math.ceil(n / 64) * 64;

/** Places blocks with lives in an arena: large ones first, each in the first gap that is free while it lives. */
function arrange(bytes, lives) {
  const offsets = bytes.map(() => 0);
  const placed = [];
  let size = 0;
  for (const i of [...bytes.keys()].filter((k) => bytes[k] > 0).sort((a, b) => bytes[b] - bytes[a])) {
    let at = 0;
    for (const k of placed) {
      if (lives[k][0] > lives[i][1] || lives[k][1] < lives[i][0]) continue;
      if (at + bytes[i] <= offsets[k]) break;
      at = Math.max(at, aligned(offsets[k] + bytes[k]));
    }
    offsets[i] = at;
    size = Math.max(size, at + bytes[i]);
    placed.push(i);
    placed.sort((a, b) => offsets[a] - offsets[b]);
  }
  return { offsets, size };
}

/** Loads the program: its module, and the arrays that it closes over. */
export async function load() {
  const [[module, variant], weights] = await Promise.all([compile(), files.weights && read(files.weights)]);
  const memory = new WebAssembly.Memory({ initial: program.pages });
  const { run } = (await WebAssembly.instantiate(module, { env: { memory } })).exports;
  if (weights) new Uint8Array(memory.buffer).set(weights, program.weights);
  let { table, arena } = program;
  let inputs, outputs, inputLengths, outputLengths;
  const view = (lengths, at) => (leaf, i) => new arrays[leaf.array](memory.buffer, at[i], lengths[i]);
  const layOut = (lengths, results, addresses, words) => {
    new Uint32Array(memory.buffer, table, addresses.length + words.length).set([...addresses, ...words]);
    const first = addresses.length - lengths.length - results.length;
    [inputLengths, outputLengths] = [lengths, results];
    inputs = program.inputs.map(view(lengths, addresses.slice(first)));
    outputs = program.outputs.map(view(results, addresses.slice(first + lengths.length)));
  };
  if (!sized) layOut(program.inputs.map((l) => l.length), program.outputs.map((l) => l.length), program.pointers, []);
  let last = null;
  const fit = (numbers) => {
    if (last !== null && numbers.every((n, i) => n === last[i])) return;
    const part = sized.modules[variant];
    const { offsets, size } = arrange(part.blocks(...numbers), part.lives);
    const words = part.words(offsets, ...numbers);
    const lengths = sized.inputs(...numbers);
    const results = sized.outputs(...numbers);
    const addresses = [...program.pointers];
    let end = program.table;
    const take = (bytes) => {
      const at = aligned(end);
      end = at + bytes;
      return at;
    };
    program.inputs.forEach((l, i) => addresses.push(take(lengths[i] * arrays[l.array].BYTES_PER_ELEMENT)));
    program.outputs.forEach((l, i) => addresses.push(take(results[i] * arrays[l.array].BYTES_PER_ELEMENT)));
    table = take(4 * (addresses.length + words.length));
    arena = take(size);
    const more = Math.ceil((end - memory.buffer.byteLength) / 65536);
    if (more > 0) memory.grow(more);
    for (const [array, address, value] of sized.scalars) new array(memory.buffer, address, 1)[0] = value(...numbers);
    layOut(lengths, results, addresses, words);
    last = numbers;
  };
  const leafOf = (spec, x, wanted) => {
    if (spec.kind === "leaf") return spec.leaf === wanted ? x : undefined;
    if (spec.kind !== "list" && spec.kind !== "object") return undefined;
    for (const [i, s] of spec.items.entries()) {
      const found = leafOf(s, x?.[spec.kind === "list" ? i : spec.keys[i]], wanted);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  /** The sizes that the arguments have. */
  const sizesOf = (args) => {
    const numbers = sized.names.map(() => 1);
    for (const [leaf, divisor, name] of sized.solve) {
      const x = leafOf({ kind: "list", items: program.args }, args, leaf);
      const { type, array } = program.inputs[leaf];
      const n = x?.length / divisor(...numbers);
      if (n > sized.most) throw new TypeError(program.name + ": " + sized.names[name] + " is " + n + ", and " + sized.most + " at most");
      if (!Number.isInteger(n) || n < sized.least[name]) {
        const from = sized.least[name] > 1 ? ", " + sized.names[name] + " at least " + sized.least[name] : "";
        throw new TypeError(program.name + ": an argument must be " + array + " (" + type + from + "), not " + describe(x));
      }
      numbers[name] = n;
    }
    return numbers;
  };

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
    } else if (x instanceof arrays[leaf.array] && x.length === inputLengths[spec.leaf]) target.set(x);
    else wrong(path, leaf.array + " of " + inputLengths[spec.leaf] + " elements (" + leaf.type + ")", x);
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
    if (sized) fit(sizesOf(args));
    program.args.forEach((spec, i) => put(spec, args[i], String(i)));
    run(table, arena);
    return take(program.result);
  };
}
`;
