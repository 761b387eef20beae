/** Names of the variables of a printed program: those of the user where they are known. */

const RESERVED = (
  "np lax nn random scan whileLoop cond switchCase checkpoint vjp jvp Tensor arguments await break case catch class const continue " +
  "debugger default delete do else enum eval export extends false finally for function if implements import in instanceof " +
  "interface let new null package private protected public return static super switch this throw true try typeof undefined " +
  "var void while with yield NaN Infinity"
).split(" ");

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;
export const isIdentifier = (text: string): boolean => IDENTIFIER.test(text);
/** A property's name as it stands in an object. */
export const key = (k: string): string => (isIdentifier(k) ? k : JSON.stringify(k));

/** "params.layers[0].w" as the name of a variable: "w". */
export function wordOf(name: string | undefined): string | undefined {
  const word = name?.slice(name.lastIndexOf(".") + 1).replace(/[^\p{ID_Continue}$]/gu, "");
  return word !== undefined && isIdentifier(word) ? word : undefined;
}

/** The names of one function. */
export class Names {
  readonly #taken = new Set(RESERVED);
  #next = 0;

  /** Whether a variable could have this name. */
  isFree(name: string | undefined): boolean {
    const word = wordOf(name);
    return word !== undefined && !this.#taken.has(word);
  }

  /** The wanted name, or one like it. */
  take(wanted?: string): string {
    const base = wordOf(wanted);
    for (let i = base === undefined ? -1 : 0; ; i++) {
      const name = base === undefined ? `t${++this.#next}` : i === 0 ? base : `${base}${i + 1}`;
      if (this.#taken.has(name)) continue;
      this.#taken.add(name);
      return name;
    }
  }

  /** Names inside of a function that reads what these texts mention, and nothing else from outside. */
  inner(texts: readonly string[]): Names {
    const names = new Names();
    names.#next = this.#next;
    for (const text of texts)
      for (const [word] of text.matchAll(/[\p{ID_Start}$_][\p{ID_Continue}$]*/gu)) names.#taken.add(word);
    return names;
  }
}
