/** Reads the Python literals of .npy headers: dictionaries, tuples, lists, strings, whole numbers, True, False and None. */

export type PythonValue = string | number | boolean | null | PythonValue[] | Map<PythonValue, PythonValue>;

const MAX_DEPTH = 50;

/** undefined if the text is anything else. */
export function parsePython(text: string): PythonValue | undefined {
  let at = 0;
  let depth = 0;

  const space = (): void => {
    while (at < text.length && /\s/.test(text[at])) at++;
  };
  const eat = (c: string): boolean => {
    space();
    if (text[at] !== c) return false;
    at++;
    return true;
  };
  const word = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  };

  /** Items up to the closing bracket, with an optional trailing comma. */
  const items = (close: string, item: () => boolean): boolean => {
    if (++depth > MAX_DEPTH) return false;
    while (!eat(close)) {
      if (!item()) return false;
      if (eat(",")) continue;
      if (!eat(close)) return false;
      break;
    }
    depth--;
    return true;
  };

  const value = (): PythonValue | undefined => {
    space();
    if (eat("{")) {
      const out = new Map<PythonValue, PythonValue>();
      const ok = items("}", () => {
        const key = value();
        if (key === undefined || !eat(":")) return false;
        const v = value();
        if (v === undefined) return false;
        out.set(key, v);
        return true;
      });
      return ok ? out : undefined;
    }
    for (const [open, close] of ["()", "[]"]) {
      if (!eat(open)) continue;
      const out: PythonValue[] = [];
      const ok = items(close, () => {
        const v = value();
        if (v === undefined) return false;
        out.push(v);
        return true;
      });
      return ok ? out : undefined;
    }
    const quoted = word(/'[^'\\\n]*'|"[^"\\\n]*"/y);
    if (quoted !== undefined) return quoted.slice(1, -1);
    // Python 2 wrote long integers with an L
    const digits = word(/-?\d+L?/y);
    if (digits !== undefined) return Number(digits.replace("L", ""));
    const name = word(/True|False|None/y);
    return name === undefined ? undefined : name === "None" ? null : name === "True";
  };

  const result = value();
  space();
  return at === text.length ? result : undefined;
}
