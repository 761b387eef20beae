/** Where the digits come from: MNIST's idx files in a folder, or drawn here. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Tensor } from "tilework";
import { readIdx } from "tilework/io";
import { drawDigits } from "./draw.js";

/** Images as bytes [n, 28, 28] and their classes. */
export interface Digits {
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
  readonly count: number;
}
export interface DataSet {
  readonly train: Digits;
  readonly test: Digits;
  /** For a person to read. */
  readonly source: string;
}

/** What the user can put right: a message without a stack. */
export class UsageError extends Error {}

export const SIDE = 28;

/** The first file of a folder that has one of these names, packed or not. */
function find(folder: string, names: readonly string[]): string {
  for (const name of names) {
    for (const path of [join(folder, name), join(folder, `${name}.gz`)]) if (existsSync(path)) return path;
  }
  throw new UsageError(`${folder} has no ${names.join(" or ")} (also looked for with .gz).`);
}

function readFile(folder: string, names: readonly string[]): Tensor {
  const path = find(folder, names);
  try {
    return readIdx(readFileSync(path));
  } catch (e) {
    // a code of the system, or what readIdx says of the bytes
    const [reason] = (e as Error).message.split("\n");
    throw new UsageError(`${path} cannot be read (${reason}).`);
  }
}

function read(folder: string, prefixes: readonly string[]): Digits {
  const named = (rest: string): string[] => prefixes.map((prefix) => `${prefix}-${rest}`);
  const images = readFile(folder, named("images-idx3-ubyte"));
  const labels = readFile(folder, named("labels-idx1-ubyte"));
  const bytes = (t: Tensor, what: string): Uint8Array => {
    if (t.dtype !== "u8") throw new UsageError(`${what} in ${folder} are ${t.dtype}, not bytes.`);
    return t.dataSync() as Uint8Array;
  };
  if (images.ndim !== 3 || images.shape[0] === 0 || images.shape[1] !== SIDE || images.shape[2] !== SIDE) {
    throw new UsageError(
      `The images in ${folder} have the shape [${images.shape.join(", ")}], not [n, ${SIDE}, ${SIDE}].`,
    );
  }
  if (labels.ndim !== 1 || labels.shape[0] !== images.shape[0]) {
    throw new UsageError(`${folder} has ${images.shape[0]} images and ${labels.shape.join(" × ")} labels.`);
  }
  return { images: bytes(images, "The images"), labels: bytes(labels, "The labels"), count: images.shape[0] };
}

/** MNIST from a folder: training images of 60,000 or of a part of them, and the 10,000 of the test. */
export function loadMnist(folder: string): DataSet {
  if (!existsSync(folder)) throw new UsageError(`There is no folder ${folder}.`);
  return {
    train: read(folder, ["train", "train10k"]),
    test: read(folder, ["t10k", "test"]),
    source: `MNIST from ${folder}`,
  };
}

/** Digits that are drawn here, other ones for training and for the test. */
export function makeDigits(seed: number, trainCount = 6000, testCount = 2000): DataSet {
  return {
    train: drawDigits(trainCount, seed),
    test: drawDigits(testCount, seed + 0x5eed),
    source: `${trainCount} drawn digits (--data takes MNIST)`,
  };
}
