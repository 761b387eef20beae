/** Where the values of a function's parameters come from, read from its tokens: names with the way to them in the arguments. */
import type { Tokens } from "./tokens.js";

/** The position of the argument, then keys of objects and positions in lists. */
export type Path = readonly (string | number)[];
export interface Parameters {
  readonly paths: ReadonlyMap<string, Path>;
  /** The first token of the body. */
  readonly body: number;
}

/** undefined when it is no function that we can read. */
export function readParameters({ tokens, match }: Tokens): Parameters | undefined {
  const paths = new Map<string, Path>();
  let at = 0;
  if (tokens[at]?.text === "async") at++;
  if (tokens[at]?.kind === "word" && tokens[at + 1]?.text === "=>") {
    paths.set(tokens[at].text, [0]);
    return { paths, body: at + 2 };
  }
  // function name (…), a method's name (…), or the (…) of an arrow
  while (at < tokens.length && tokens[at].text !== "(") {
    if (tokens[at].kind !== "word" && tokens[at].text !== "*") return undefined;
    at++;
  }
  const end = match[at] ?? -1;
  if (end < 0) return undefined;

  const items = (from: number, to: number): [number, number][] => {
    const found: [number, number][] = [];
    let start = from;
    for (let i = from; i < to; i++) {
      if (match[i] > i) i = match[i];
      else if (tokens[i].text === ",") {
        found.push([start, i]);
        start = i + 1;
      }
    }
    if (start < to) found.push([start, to]);
    return found;
  };
  const pattern = (from: number, to: number, path: Path): void => {
    const { text, kind } = tokens[from];
    // what has a default may be missing on purpose
    if (to === from + 1 && kind === "word") paths.set(text, path);
    if (match[from] !== to - 1) return;
    if (text === "[")
      items(from + 1, to - 1).forEach(([a, b], i) => {
        if (a < b) pattern(a, b, [...path, i]);
      });
    if (text !== "{") return;
    for (const [a, b] of items(from + 1, to - 1)) {
      if (a >= b || tokens[a].kind !== "word") continue;
      if (b === a + 1) paths.set(tokens[a].text, [...path, tokens[a].text]);
      else if (tokens[a + 1].text === ":") pattern(a + 2, b, [...path, tokens[a].text]);
    }
  };
  items(at + 1, end).forEach(([a, b], i) => {
    if (a < b) pattern(a, b, [i]);
  });
  const body = tokens[end + 1]?.text === "=>" ? end + 2 : end + 1;
  return { paths, body };
}
