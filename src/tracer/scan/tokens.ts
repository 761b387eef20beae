/** The tokens of a function's text, as far as the scan for conditions needs them: no parser, and nothing when in doubt. */
export interface Token {
  readonly kind: "word" | "number" | "string" | "sign";
  readonly text: string;
  readonly start: number;
  readonly end: number;
}
export interface Tokens {
  readonly tokens: readonly Token[];
  /** For each bracket the position of the one that it belongs to; -1 for other tokens. */
  readonly match: readonly number[];
}

const SPACE = /(?:\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/y;
const WORD = /#?[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*/uy;
const NUMBER = /(?:0[xXbBoO][\da-fA-F_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?)n?/y;
const STRING = /"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'/y;
const REGEX = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const SIGN =
  />>>=|===|!==|\*\*=|<<=|>>=|>>>|&&=|\|\|=|\?\?=|\.\.\.|=>|==|!=|<=|>=|&&|\|\||\?\?|\?\.(?!\d)|\+\+|--|\*\*|<<|>>|[-+*/%&|^]=|[{}()[\];,<>+\-*/%&|^!~?:=.@]/y;
const CLOSING: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };
/** Words after which a value is expected. */
const BEFORE_VALUE = new Set(
  "return typeof case do else in of instanceof new delete void throw yield await".split(" "),
);

/** undefined when the text cannot be read with certainty. */
export function tokenize(text: string): Tokens | undefined {
  const tokens: Token[] = [];
  const match: number[] = [];
  const open: number[] = [];
  /** For each template that is open: the number of brackets that are open outside of its `${`. */
  const templates: number[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  const push = (kind: Token["kind"], length: number): void => {
    tokens.push({ kind, text: text.slice(at, at + length), start: at, end: at + length });
    match.push(-1);
    at += length;
  };
  /** From a backquote or the end of a `${…}` to the next `${` or the closing backquote. */
  const template = (): boolean => {
    let end = at + 1;
    while (end < text.length && text[end] !== "`" && !text.startsWith("${", end)) end += text[end] === "\\" ? 2 : 1;
    if (end >= text.length) return false;
    if (text[end] === "`") {
      push("string", end + 1 - at);
      return true;
    }
    push("string", end - at);
    // the value stands in parentheses, so to say
    open.push(tokens.length);
    templates.push(open.length);
    tokens.push({ kind: "sign", text: "(", start: end, end: end + 2 });
    match.push(-1);
    at = end + 2;
    return true;
  };
  const close = (bracket: string): boolean => {
    const opener = open.pop();
    if (opener === undefined || CLOSING[tokens[opener].text] !== bracket) return false;
    match[opener] = tokens.length;
    tokens.push({ kind: "sign", text: bracket, start: at, end: at + 1 });
    match.push(opener);
    return true;
  };
  for (;;) {
    at += take(SPACE)?.length ?? 0;
    if (at >= text.length) break;
    const c = text[at];
    if (c === "`") {
      if (!template()) return undefined;
      continue;
    }
    if (c === "}" && templates.length > 0 && templates[templates.length - 1] === open.length) {
      templates.pop();
      if (!close(")") || !template()) return undefined;
      continue;
    }
    const word = take(WORD);
    if (word) {
      push("word", word.length);
      continue;
    }
    const literal = take(STRING);
    if (literal) {
      push("string", literal.length);
      continue;
    }
    const number = take(NUMBER);
    if (number) {
      push("number", number.length);
      continue;
    }
    if (c === "/") {
      const last = tokens[tokens.length - 1];
      // after a block either may follow
      if (last?.text === "}") return undefined;
      const value =
        last === undefined ||
        (last.kind === "word" ? BEFORE_VALUE.has(last.text) : last.kind === "sign" && !/^[)\]]$/.test(last.text));
      const regex = value ? take(REGEX) : undefined;
      if (value && !regex) return undefined;
      if (regex) {
        push("string", regex.length);
        continue;
      }
    }
    const sign = take(SIGN);
    if (!sign) return undefined;
    if (sign in CLOSING) {
      open.push(tokens.length);
      push("sign", 1);
    } else if (sign === ")" || sign === "]" || sign === "}") {
      if (!close(sign)) return undefined;
      at++;
    } else push("sign", sign.length);
  }
  return open.length === 0 ? { tokens, match } : undefined;
}
