/**
 * `tilework/io`: arrays from and to the bytes of safetensors, npy, npz and idx files. Everything takes and gives bytes, so that
 * it works the same with `fs`, `fetch` and a file that was dropped into a page.
 */
import "../api/setup.js";
import { fail } from "../diagnostics/error.js";
import { fromElements } from "../tracer/frame.js";
import { Tensor } from "../tracer/tensor.js";
import * as tree from "../tree/index.js";
import { decodeIdx, encodeIdx } from "./idx.js";
import { decodeNpy, encodeNpy } from "./npy.js";
import { decodeNpz, encodeNpz } from "./npz.js";
import type { Bytes, FileDType, RawArray, RawData } from "./raw.js";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.js";

export type { Bytes } from "./raw.js";

/** Tensors by name. */
export type NamedTensors = Record<string, Tensor>;

function toTensor(array: RawArray): Tensor {
  return fromElements(array.data, array.shape, array.dtype);
}

async function toRaw(tensor: Tensor, what: string): Promise<RawArray> {
  if (!(tensor instanceof Tensor)) fail("TW1003", `${what} is not a tensor`);
  const cell = Tensor.source(tensor).cell(what);
  if (cell.aval.dtype === "key") {
    fail("TW5002", `${what}: a PRNG key cannot be saved as such`, { help: "save random.keyData(key)" });
  }
  const data = (await cell.readAsync()) as RawData;
  return { dtype: cell.aval.dtype as FileDType, shape: tensor.shape, data };
}

/** The name of each tensor of a tree, with dots as PyTorch has them: `layers.0.w`. */
function namedLeaves(what: string, value: unknown): { names: string[]; leaves: unknown[]; treedef: tree.TreeDef } {
  const { paths, leaves, treedef } = tree.flattenWithPath(value);
  const names = paths.map((p) =>
    p.replace(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]/g, (_, key, i) => `.${key ?? i}`).replace(/^\./, ""),
  );
  const twice = names.find((n, i) => names.indexOf(n) !== i);
  if (twice !== undefined) fail("TW5001", `${what}: two tensors of the tree have the name ${JSON.stringify(twice)}`);
  return { names, leaves, treedef };
}

async function rawEntries(what: string, value: unknown): Promise<[string, RawArray][]> {
  const { names, leaves } = namedLeaves(what, value);
  return Promise.all(
    leaves.map(
      async (x, i) => [names[i], await toRaw(x as Tensor, `${what}: ${names[i] || "the value"}`)] as [string, RawArray],
    ),
  );
}

/** Tensors by name, put where the tree `like` has those names; shapes and dtypes must agree. */
function restore<T>(what: string, arrays: Map<string, RawArray>, like: T): T {
  const { names, leaves, treedef } = namedLeaves(what, like);
  const tensors = names.map((name, i) => {
    const array = arrays.get(name);
    if (array === undefined) {
      const known = [...arrays.keys()];
      const list = known.slice(0, 8).join(", ") + (known.length > 8 ? `, and ${known.length - 8} more` : "");
      fail("TW5003", `${what}: there is no ${JSON.stringify(name)}`, { help: `the file has ${list || "no tensors"}` });
    }
    const wanted = leaves[i];
    if (wanted instanceof Tensor) {
      const [have, want] = [array, wanted].map((t) => `${t.dtype}[${t.shape.join(", ")}]`);
      if (have !== want)
        fail("TW2001", `${what}: ${JSON.stringify(name)} is ${have} in the file, and ${want} is wanted`);
    }
    return toTensor(array);
  });
  return tree.unflatten(treedef, tensors) as T;
}

function toRecord(arrays: Map<string, RawArray>): NamedTensors {
  return Object.fromEntries([...arrays].map(([name, array]) => [name, toTensor(array)]));
}

/**
 * Reads a safetensors file: its tensors by name and its metadata. With `like`, a tree of tensors, the result is a tree of that
 * structure, each leaf taken by its path (`layers.0.w`).
 *
 * @example
 * const { tensors, metadata } = readSafetensors(await readFile("model.safetensors"));
 * const { tensors: params } = readSafetensors(bytes, { like: initialParams });
 * @throws TW5001 for a damaged file, TW5002 for a dtype that Tilework lacks, TW5003 where `like` names what the file lacks
 */
export function readSafetensors(bytes: Bytes): { tensors: NamedTensors; metadata: Record<string, string> };
export function readSafetensors<T>(
  bytes: Bytes,
  options: { like: T },
): { tensors: T; metadata: Record<string, string> };
export function readSafetensors(
  bytes: Bytes,
  options?: { like: unknown },
): { tensors: unknown; metadata: Record<string, string> } {
  const { tensors, metadata } = decodeSafetensors(bytes);
  return { tensors: options ? restore("safetensors", tensors, options.like) : toRecord(tensors), metadata };
}

/**
 * The bytes of a safetensors file with the tensors of a tree, each named by its path (`layers.0.w`).
 *
 * @example
 * await writeFile("model.safetensors", await writeSafetensors(params, { metadata: { step: "1000" } }));
 */
export async function writeSafetensors(
  tensors: unknown,
  options: { metadata?: Record<string, string> } = {},
): Promise<Uint8Array> {
  return encodeSafetensors(await rawEntries("safetensors", tensors), options.metadata);
}

/** Reads an .npy file as `np.save` writes it. */
export function readNpy(bytes: Bytes): Tensor {
  return toTensor(decodeNpy(bytes));
}

/** The bytes of an .npy file that `np.load` reads. */
export async function writeNpy(tensor: Tensor): Promise<Uint8Array> {
  return encodeNpy(await toRaw(tensor, "npy: the value"));
}

/** Reads an .npz file: tensors by name, or with `like` a tree of that structure. */
export function readNpz(bytes: Bytes): NamedTensors;
export function readNpz<T>(bytes: Bytes, options: { like: T }): T;
export function readNpz(bytes: Bytes, options?: { like: unknown }): unknown {
  const arrays = decodeNpz(bytes);
  return options ? restore("npz", arrays, options.like) : toRecord(arrays);
}

/** The bytes of an .npz file with the tensors of a tree; `compress` as `np.savez_compressed`. */
export async function writeNpz(tensors: unknown, options: { compress?: boolean } = {}): Promise<Uint8Array> {
  return encodeNpz(await rawEntries("npz", tensors), options);
}

/** Reads an idx file such as MNIST's, also packed with gzip. */
export function readIdx(bytes: Bytes): Tensor {
  return toTensor(decodeIdx(bytes));
}

/** The bytes of an idx file. */
export async function writeIdx(tensor: Tensor): Promise<Uint8Array> {
  return encodeIdx(await toRaw(tensor, "idx: the value"));
}
