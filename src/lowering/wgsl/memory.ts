/**
 * Arrays in memory as storage buffers. Elements shorter than a word are packed in words: reading takes the bits out, writing puts them in
 * by two atomic operations, so that invocations may write the parts of one word at the same time.
 */
import { isFloat, isSignedInt } from "../../ir/dtype.js";
import type { TileRef } from "../../ir/tile.js";
import type { Arithmetic } from "./arithmetic.js";
import { fromWord, perWord, registerType, storedBits, toWord, type WgslType, type Word } from "./types.js";

export class StoredArray {
  readonly #word: Word;
  readonly #packed: boolean;
  readonly #atomic: boolean;
  readonly #functions: string[] = [];
  #reads: string | undefined;
  #writes: string | undefined;

  constructor(
    readonly ref: TileRef,
    readonly name: string,
    readonly written: boolean,
    /** Whether there are atomic operations on its elements. */
    atomics: boolean,
    f16: boolean,
    readonly arithmetic: Arithmetic,
  ) {
    const { dtype } = ref;
    const native = dtype === "f16" && f16;
    this.#packed = !native && perWord(dtype) > 1;
    const type: WgslType = registerType(dtype);
    this.#atomic = (this.#packed && written) || atomics;
    this.#word = native ? "f16" : this.#packed || type === "bool" || (atomics && type === "f32") ? "u32" : type;
  }
  get declaration(): string {
    const element = this.#atomic ? `atomic<${this.#word}>` : this.#word;
    return `var<storage, ${this.written ? "read_write" : "read"}> ${this.name}: array<${element}>;`;
  }
  /** Functions that reading and writing need. */
  get functions(): readonly string[] {
    return this.#functions;
  }
  get start(): string {
    return `params.${this.name}_start`;
  }
  #at(index: string): string {
    return index === "0" ? this.start : `${this.start} + ${index}`;
  }
  /** A pointer to an element, for atomic operations. */
  pointer(index: string): string {
    return `&${this.name}[${this.#at(index)}]`;
  }
  load(index: string): string {
    if (this.#packed) return `${this.#reader()}(${index})`;
    const at = `${this.name}[${this.#at(index)}]`;
    if (this.#atomic) return fromWord(`atomicLoad(&${at})`, this.ref.dtype, this.#word);
    return this.#word === "f16" ? `f32(${at})` : at;
  }
  store(index: string, value: string): string {
    if (this.#packed) return `${this.#writer()}(${index}, ${value});`;
    const at = `${this.name}[${this.#at(index)}]`;
    if (this.#atomic) return `atomicStore(&${at}, ${toWord(value, this.ref.dtype, this.#word)});`;
    return `${at} = ${this.#word === "f16" ? `f16(${value})` : value};`;
  }

  #reader(): string {
    if (this.#reads !== undefined) return this.#reads;
    const { dtype } = this.ref;
    const bits = storedBits(dtype);
    const count = perWord(dtype);
    const name = `load_${this.name}`;
    this.#reads = name;
    const element = `${this.name}[at / ${count}u]`;
    const word = this.#atomic ? `atomicLoad(&${element})` : element;
    const shift = `(at % ${count}u) * ${bits}u`;
    const signed = isSignedInt(dtype);
    const taken = `extractBits(${signed ? `bitcast<i32>(${word})` : word}, ${shift}, ${bits}u)`;
    const value =
      dtype === "bool"
        ? `${taken} != 0u`
        : isFloat(dtype)
          ? `${this.arithmetic.library.use(`${dtype}_value`)}(${taken})`
          : taken;
    this.#functions.push(
      [
        `fn ${name}(i: i32) -> ${registerType(dtype)} {`,
        `  let at = u32(${this.start} + i);`,
        `  return ${value};`,
        "}",
      ].join("\n"),
    );
    return name;
  }
  #writer(): string {
    if (this.#writes !== undefined) return this.#writes;
    const { dtype } = this.ref;
    const bits = storedBits(dtype);
    const count = perWord(dtype);
    const name = `store_${this.name}`;
    this.#writes = name;
    const mask = `${2 ** bits - 1}u`;
    const value =
      dtype === "bool"
        ? "select(0u, 1u, value)"
        : isFloat(dtype)
          ? `${this.arithmetic.library.use(`${dtype}_bits`)}(value)`
          : isSignedInt(dtype)
            ? `(bitcast<u32>(value) & ${mask})`
            : `(value & ${mask})`;
    this.#functions.push(
      [
        `fn ${name}(i: i32, value: ${registerType(dtype)}) {`,
        `  let at = u32(${this.start} + i);`,
        `  let shift = (at % ${count}u) * ${bits}u;`,
        `  let bits = ${value} << shift;`,
        `  atomicAnd(&${this.name}[at / ${count}u], ~(${mask} << shift));`,
        `  atomicOr(&${this.name}[at / ${count}u], bits);`,
        "}",
      ].join("\n"),
    );
    return name;
  }
}
