/** Sizes as people write them. */
import { fail } from "../diagnostics/error.js";
import { type Dim, dimAdd, dimFloorDiv, dimMax, dimMin, dimMod, dimMul, dimSub, symbol } from "./dim.js";

const FUNCTIONS: ReadonlyMap<string, (a: Dim, b: Dim) => Dim> = new Map([
  ["max", dimMax],
  ["min", dimMin],
  ["mod", dimMod],
  ["floordiv", dimFloorDiv],
]);
const TOKEN = /\s*(?:(\d+)|([A-Za-z_][A-Za-z0-9_]*)|(\/\/|[-+*%^(),]))/y;

/**
 * Reads `+ - * // % ^ ( )`, `max(…)`, `min(…)`, `mod(a, b)`, `floordiv(a, b)`, whole numbers and names.
 *
 * @throws TW2013
 */
export function parseDim(text: string): Dim {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  const end = text.trimEnd().length;
  while (TOKEN.lastIndex < end) {
    const at = TOKEN.lastIndex;
    const m = TOKEN.exec(text);
    if (!m) unreadable(text, `unexpected ${JSON.stringify(text.slice(at).trim()[0])}`);
    tokens.push(m[1] ?? m[2] ?? m[3]);
  }
  const reader = new DimReader(text, tokens);
  const d = reader.sum();
  if (reader.peek() !== undefined) unreadable(text, `unexpected ${JSON.stringify(reader.peek())}`);
  return d;
}
function unreadable(text: string, why: string): never {
  return fail("TW2013", `the size ${JSON.stringify(text)} cannot be read: ${why}`, {
    help: "write sizes such as 3, n, 2*n+1, h//2, n%4, max(n-1,0)",
  });
}

class DimReader {
  #at = 0;
  constructor(
    readonly text: string,
    readonly tokens: readonly string[],
  ) {}
  peek(): string | undefined {
    return this.tokens[this.#at];
  }
  #take(token: string): boolean {
    if (this.peek() !== token) return false;
    this.#at++;
    return true;
  }
  #expect(token: string): void {
    if (!this.#take(token)) unreadable(this.text, `${JSON.stringify(token)} is missing`);
  }
  sum(): Dim {
    let d = this.#product();
    for (;;) {
      if (this.#take("+")) d = dimAdd(d, this.#product());
      else if (this.#take("-")) d = dimSub(d, this.#product());
      else return d;
    }
  }
  #product(): Dim {
    let d = this.#signed();
    for (;;) {
      if (this.#take("*")) d = dimMul(d, this.#signed());
      else if (this.#take("//")) d = dimFloorDiv(d, this.#divisor());
      else if (this.#take("%")) d = dimMod(d, this.#divisor());
      else return d;
    }
  }
  #divisor(): Dim {
    const d = this.#signed();
    return d === 0 ? unreadable(this.text, "division by zero") : d;
  }
  #signed(): Dim {
    return this.#take("-") ? dimSub(0, this.#signed()) : this.#power();
  }
  #power(): Dim {
    const base = this.#primary();
    if (!this.#take("^")) return base;
    const power = this.#primary();
    if (typeof power !== "number") return unreadable(this.text, "a power must be a number");
    let d: Dim = 1;
    for (let i = 0; i < power; i++) d = dimMul(d, base);
    return d;
  }
  #primary(): Dim {
    const token = this.peek();
    if (token === undefined) unreadable(this.text, "it ends too early");
    if (this.#take("(")) {
      const d = this.sum();
      this.#expect(")");
      return d;
    }
    this.#at++;
    if (/^\d/.test(token)) return Number(token);
    if (!/^[A-Za-z_]/.test(token)) unreadable(this.text, `unexpected ${JSON.stringify(token)}`);
    const apply = FUNCTIONS.get(token);
    if (!apply) return symbol(token);
    this.#expect("(");
    const args = [this.sum()];
    while (this.#take(",")) args.push(this.sum());
    this.#expect(")");
    const binary = token === "mod" || token === "floordiv";
    if (binary && (args.length !== 2 || args[1] === 0)) unreadable(this.text, `${token} takes a size and a divisor`);
    return args.reduce(apply);
  }
}
