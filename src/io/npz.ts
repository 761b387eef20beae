/** NumPy's .npz: a zip archive of .npy files. */
import { unzip, zip } from "./compression.js";
import { decodeNpy, encodeNpy } from "./npy.js";
import { type Bytes, type RawArray, toBytes } from "./raw.js";

/** Reads an .npz file, as `np.savez` and `np.savez_compressed` write it. Entries that are no .npy are left out. */
export function decodeNpz(input: Bytes): Map<string, RawArray> {
  const arrays = new Map<string, RawArray>();
  for (const [name, content] of unzip(toBytes(input), "npz")) {
    if (!name.endsWith(".npy")) continue;
    arrays.set(name.slice(0, -4), decodeNpy(content, `npz: entry ${JSON.stringify(name)}`));
  }
  return arrays;
}

/** Writes an .npz file that `np.load` reads. */
export function encodeNpz(
  arrays: Iterable<readonly [string, RawArray]>,
  options: { compress?: boolean } = {},
): Uint8Array {
  const files = [...arrays].map(
    ([name, array]) => [`${name}.npy`, encodeNpy(array, `npz: entry ${JSON.stringify(name)}`)] as const,
  );
  return zip(files, options);
}
