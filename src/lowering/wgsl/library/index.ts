/** Functions that shaders call: what WGSL has no operation for, or has one that does something else. Each shader has those that it uses. */
import { internal } from "../../../diagnostics/error.js";
import { CONVERSIONS } from "./conversions.js";
import { FLOATS } from "./floats.js";
import { GAMMA } from "./gamma.js";
import { INTEGERS } from "./integers.js";
import { LOGARITHMS } from "./logarithms.js";
import { MATHEMATICS } from "./mathematics.js";
import { TRIGONOMETRY } from "./trigonometry.js";

const TABLE: Readonly<Record<string, string>> = {
  ...INTEGERS,
  ...FLOATS,
  ...CONVERSIONS,
  ...LOGARITHMS,
  ...MATHEMATICS,
  ...TRIGONOMETRY,
  ...GAMMA,
};

/** Of one shader. */
export class Library {
  readonly #used = new Set<string>();
  readonly #own = new Map<string, string>();

  /** The name, noted as used; with what it calls itself. */
  use(name: string): string {
    if (this.#used.has(name)) return name;
    if (!Object.hasOwn(TABLE, name)) internal(`no function ${name} for shaders`);
    this.#used.add(name);
    for (const [callee] of TABLE[name].matchAll(/\b[a-z]\w*(?=\()/g))
      if (callee !== name && Object.hasOwn(TABLE, callee)) this.use(callee);
    return name;
  }
  /** A function that belongs to this shader alone. */
  define(name: string, text: string): string {
    this.#own.set(name, text);
    return name;
  }
  /** In the table's order, then the shader's own. */
  text(): string[] {
    const common = Object.keys(TABLE).filter((name) => this.#used.has(name));
    return [...common.map((name) => TABLE[name].trim()), ...this.#own.values()];
  }
  static readonly names: readonly string[] = Object.keys(TABLE);
}
