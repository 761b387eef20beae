/**
 * The text: TypeScript's own declaration files (or any other file), taken apart into blocks so that whole blocks can be held
 * out, and characters as numbers.
 */
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { UserError } from "./options.js";

export interface Corpus {
  readonly train: string;
  readonly heldOut: string;
  /** How many blocks each of them has. */
  readonly blocks: { readonly train: number; readonly heldOut: number };
  /** What the blocks are, for a person to read. */
  readonly unit: string;
}

/** A way to take a text apart, and what stands between the parts when they are put together again. */
interface Division {
  readonly unit: string;
  readonly split: (text: string) => readonly string[];
  readonly between: string;
}

/** A block begins where a line without indentation follows an empty one; empty lines inside of a block are dropped. */
const BLOCKS: Division = {
  unit: "blocks",
  split: (text) =>
    text
      .replaceAll("\r", "")
      .replace(/[ \t]+$/gm, "")
      .split(/\n{2,}(?=[^\s}])/)
      .map((block) => block.trim().replace(/\n{2,}/g, "\n"))
      .filter((block) => block !== ""),
  between: "\n\n",
};

/** For texts without empty lines, and at last for those without lines. */
const LINES: Division = {
  unit: "lines",
  split: (text) => text.split(/[\r\n]+/).filter((line) => line.trim() !== ""),
  between: "\n",
};
const PIECES: Division = { unit: "pieces", split: (text) => text.match(/.{1,200}/gsu) ?? [], between: "" };

/** So many different parts make a division worth while. */
const ENOUGH_PARTS = 32;

/** Every distinct top-level declaration of the lib.*.d.ts files, without comments. */
export function typescriptDeclarations(): Corpus {
  // "typescript" as Tilework itself depends on it, wherever npm has put it
  const tilework = createRequire(import.meta.resolve("tilework"));
  const folder = join(dirname(tilework.resolve("typescript/package.json")), "lib");
  const files = readdirSync(folder).filter((name) => /^lib\..*d\.ts$/.test(name));
  const text = files.sort().map((name) => withoutComments(readFileSync(join(folder, name), "utf8")));
  return splitCorpus(text.join("\n\n"), declaredName, { ...BLOCKS, unit: "declarations" });
}

export function textFile(path: string): Corpus {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (e) {
    throw new UserError(`${path} cannot be read (${(e as NodeJS.ErrnoException).code}).`);
  }
  const text = decodeText(bytes, path);
  const division = [BLOCKS, LINES].find(({ split }) => new Set(split(text)).size >= ENOUGH_PARTS) ?? PIECES;
  return splitCorpus(text, (block) => block, division);
}

function decodeText(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new UserError(`${path} is no text in UTF-8.`);
  }
}

/**
 * Holds about one block in sixteen out. Blocks of the same name stay together, and a block whose text stands anywhere in the
 * training text is dropped from the held-out side, so that nothing there can have been learnt by heart.
 */
export function splitCorpus(text: string, nameOf: (block: string) => string, division = BLOCKS): Corpus {
  const { unit, split, between } = division;
  const blocks = new Set(split(text));
  const joinBlocks = (some: readonly string[]): string => some.map((block) => block + between).join("");
  const train: string[] = [];
  const candidates: string[] = [];
  for (const block of blocks) (hash(nameOf(block)) % 16 === 0 ? candidates : train).push(block);
  const trainText = joinBlocks(train);
  // in an order of chance, so that the first few stand for all
  const heldOut = candidates
    .filter((block) => !trainText.includes(block))
    .sort((a, b) => hash(a) - hash(b) || (a < b ? -1 : 1));
  if (train.length === 0 || heldOut.length === 0) {
    throw new UserError("The text is too short, or repeats itself too much: nothing of it could be held out.");
  }
  const counts = { train: train.length, heldOut: heldOut.length };
  return { train: trainText, heldOut: joinBlocks(heldOut), blocks: counts, unit };
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^[ \t]*\/\/.*$/gm, "");
}

function declaredName(declaration: string): string {
  return /\b(?:interface|type|var|const|function|namespace|class)\s+([\w$]+)/.exec(declaration)?.[1] ?? declaration;
}

/** FNV-1a: the same blocks are held out on every machine. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return (h ^ (h >>> 15)) >>> 0;
}

/** The characters that occur, sorted; a character's place is its number. */
export function vocabularyOf(corpus: Corpus): string[] {
  return [...new Set(corpus.train + corpus.heldOut)].sort();
}

export function encode(text: string, vocabulary: readonly string[]): Int32Array {
  const numbers = new Map(vocabulary.map((character, i) => [character, i]));
  return Int32Array.from([...text], (character) => {
    const n = numbers.get(character);
    if (n === undefined) throw new UserError(`The model has never seen the character ${JSON.stringify(character)}.`);
    return n;
  });
}

/**
 * Mean of -log p(next | this) over the held-out text in nats, with p from counts of pairs in the training text (plus 0.1 each, so
 * that no pair is impossible): what a model can reach that sees one character back.
 */
export function bigramEntropy(train: Int32Array, heldOut: Int32Array, characters: number): number {
  const smoothing = 0.1;
  const pairs = new Float64Array(characters * characters).fill(smoothing);
  const firsts = new Float64Array(characters).fill(smoothing * characters);
  for (let i = 1; i < train.length; i++) {
    pairs[train[i - 1] * characters + train[i]]++;
    firsts[train[i - 1]]++;
  }
  let nats = 0;
  for (let i = 1; i < heldOut.length; i++) {
    nats -= Math.log(pairs[heldOut[i - 1] * characters + heldOut[i]] / firsts[heldOut[i - 1]]);
  }
  return nats / (heldOut.length - 1);
}
