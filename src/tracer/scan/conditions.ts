/**
 * The conditions in a function's text that JavaScript decides without asking the value: `if (x)`, `!x`, `x && y`, `x ? a : b`,
 * `while (x)`, `switch (x)`, `x === 3`. A traced array is an object, so they always go the same way. Reported is only
 * what is certain to be reached and to concern a parameter as it was passed; when in doubt, nothing is said.
 */
import { type Path, readParameters } from "./parameters.js";
import { type Token, tokenize } from "./tokens.js";

export interface Condition {
  /** As the user wrote it: "if (x)". */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** The operand: "x", "batch.done". */
  readonly name: string;
  /** Where its value stands in the arguments. */
  readonly path: Path;
  readonly kind: "test" | "not" | "logical" | "equality";
  /** A parameter itself (or a name in its pattern), not a member of one. */
  readonly bare: boolean;
}

/** What a whole operand may stand behind. */
const BEFORE = new Set(["(", ",", "=", "=>", ";", "{", "}", "[", ")", ":", "return", "else", "do", "throw"]);
const EQUALITY = new Set(["===", "!==", "==", "!="]);
const ASSIGNMENT = /^(?:=|[-+*/%&|^]=|\*\*=|<<=|>>=|>>>=|&&=|\|\|=|\?\?=|\+\+|--)$/;

/** Conditions of a text, before it is known what the arguments hold. */
export interface Conditions {
  readonly found: readonly (Condition & { readonly at: number })[];
  readonly guarded: readonly Guarded[];
}

/** Those of the conditions that ask for a value (`decides`) and are certain to be reached. */
export function reached({ found, guarded }: Conditions, decides: (c: Condition) => boolean): readonly Condition[] {
  const wrong = found.filter(decides);
  if (wrong.length === 0) return wrong;
  // what may have been left, or not entered, because of another condition
  const isOwn = (g: Guarded): boolean => wrong.some(({ at }) => at >= g.testFrom && at < g.testTo);
  const doubtful = guarded.filter((g) => !isOwn(g));
  const left = Math.min(Infinity, ...doubtful.flatMap((g) => (g.returns === undefined ? [] : [g.returns])));
  return wrong.filter(({ at }) => at < left && !doubtful.some((g) => at >= g.from && at < g.to));
}

export function conditionsOf(text: string): Conditions {
  const read = tokenize(text);
  const parameters = read && readParameters(read);
  if (!read || !parameters || parameters.paths.size === 0) return { found: [], guarded: [] };
  const { tokens, match } = read;
  const { paths, body } = parameters;
  const textAt = (i: number): string => tokens[i]?.text ?? "";
  const unclear = unclearNames(tokens, match, body);
  const found: (Condition & { at: number })[] = [];

  for (let i = body; i < tokens.length; i++) {
    const name = tokens[i];
    const path = name.kind === "word" ? paths.get(name.text) : undefined;
    if (!path || unclear.has(name.text) || /^(?:\.|\?\.)$/.test(textAt(i - 1))) continue;
    // a key of an object literal
    if (textAt(i + 1) === ":" && /^[{,]$/.test(textAt(i - 1))) continue;
    let end = i + 1;
    const keys: string[] = [];
    while (textAt(end) === "." && tokens[end + 1]?.kind === "word") {
      keys.push(textAt(end + 1));
      end += 2;
    }
    const [before, after] = [textAt(i - 1), textAt(end)];
    const whole = [name.text, ...keys].join(".");
    // not as it stands there: builds take spaces out
    const add = (kind: Condition["kind"], from: number, to: number, said?: string): void => {
      const [start, stop] = [tokens[from].start, tokens[to - 1].end];
      found.push({
        at: i,
        text: said ?? text.slice(start, stop),
        start,
        end: stop,
        name: whole,
        path: [...path, ...keys],
        kind,
        bare: keys.length === 0,
      });
    };
    const keyword = textAt(i - 2);
    if (before === "(" && after === ")" && /^(?:if|while|switch)$/.test(keyword))
      add("test", i - 2, end + 1, `${keyword} (${whole})`);
    else if (before === "!" && !/^(?:[.([]|\?\.)$/.test(after)) add("not", i - 1, end, `!${whole}`);
    else if (!BEFORE.has(before)) continue;
    else if (after === "&&" || after === "||") add("logical", i, end + 1, `${whole} ${after}`);
    else if (after === "?") add("test", i, end + 1, `${whole} ?`);
    else if (EQUALITY.has(after)) {
      const negative = textAt(end + 1) === "-" ? 1 : 0;
      const other = tokens[end + 1 + negative];
      const value = other?.kind === "number" || (negative === 0 && /^(?:true|false)$/.test(other?.text ?? ""));
      if (value) add("equality", i, end + 2 + negative);
    }
  }
  // the other way round: 3 === x
  for (let i = body; i + 2 < tokens.length; i++) {
    if (tokens[i].kind !== "number" || !EQUALITY.has(textAt(i + 1))) continue;
    const name = textAt(i + 2);
    const path = paths.get(name);
    if (!path || unclear.has(name) || /^(?:[.([]|\?\.)$/.test(textAt(i + 3))) continue;
    const [start, end] = [tokens[i].start, tokens[i + 2].end];
    found.push({ at: i, text: text.slice(start, end), start, end, name, path, kind: "equality", bare: true });
  }
  return {
    found: found.sort((a, b) => a.at - b.at),
    guarded: found.length === 0 ? [] : guardedRanges(tokens, match, body),
  };
}

/** Names that are bound again, assigned, or asked for their type: what they hold where they are tested is not certain. */
function unclearNames(tokens: readonly Token[], match: readonly number[], body: number): Set<string> {
  const unclear = new Set<string>();
  const words = (from: number, to: number): void => {
    for (let i = from; i < to; i++) if (tokens[i].kind === "word") unclear.add(tokens[i].text);
  };
  for (let i = body; i < tokens.length; i++) {
    const { text, kind } = tokens[i];
    const next = tokens[i + 1]?.text ?? "";
    if (kind === "word" && ASSIGNMENT.test(next) && tokens[i - 1]?.text !== ".") unclear.add(text);
    if ((text === "++" || text === "--") && tokens[i + 1]?.kind === "word") unclear.add(next);
    if (text === "typeof") unclear.add(next === "(" ? (tokens[i + 2]?.text ?? "") : next);
    if (text === "instanceof" || text === "in") unclear.add(tokens[i - 1]?.text ?? "");
    if (/^(?:isTensor|isArray|isTracer|isFinite|isNaN|isInteger)$/.test(text) && next === "(")
      words(i + 2, match[i + 1]);
    if (text === "=>" && tokens[i - 1]?.kind === "word") unclear.add(tokens[i - 1].text);
    if (text === "=>" && tokens[i - 1]?.text === ")") words(match[i - 1], i);
    if (/^(?:let|const|var|function|class|catch|import)$/.test(text) && tokens[i - 1]?.text !== ".") {
      let end = i + 1;
      while (end < tokens.length && !/^(?:=|;|of|in)$/.test(tokens[end].text)) {
        if (match[end] > end) {
          words(end, match[end]);
          end = match[end];
          // parameters of a function declaration, the body follows
          if (tokens[end].text === ")") break;
        } else if (tokens[end].kind === "word") unclear.add(tokens[end].text);
        end++;
      }
    }
    // a method in an object literal or class: name (…) {
    if (text === ")" && next === "{" && !/^(?:if|while|for|switch|with)$/.test(tokens[match[i] - 1]?.text ?? ""))
      words(match[i], i);
    // patterns on the left of an assignment
    if (/^[\]}]$/.test(text) && next === "=") words(match[i], i);
  }
  return unclear;
}

interface Guarded {
  readonly testFrom: number;
  readonly testTo: number;
  /** What happens only on one outcome of the test. */
  readonly from: number;
  readonly to: number;
  /** A `return` in there: what stands after it may not be reached. */
  readonly returns: number | undefined;
}

function guardedRanges(tokens: readonly Token[], match: readonly number[], body: number): Guarded[] {
  const ranges: Guarded[] = [];
  /** The end of the expression or statement that begins at a token. */
  const stop = (from: number, statement: boolean): number => {
    if (statement && tokens[from]?.text === "{") return match[from] + 1;
    let i = from;
    for (; i < tokens.length; i++) {
      if (match[i] > i) i = match[i];
      else if (/^[)\]};]$/.test(tokens[i].text) || (!statement && tokens[i].text === ",")) break;
    }
    return i;
  };
  const add = (testFrom: number, testTo: number, from: number, statement: boolean): number => {
    const to = stop(from, statement);
    let returns: number | undefined;
    for (let i = from; i < to && returns === undefined; i++)
      if (/^(?:return|break|continue)$/.test(tokens[i].text)) returns = i;
    ranges.push({ testFrom, testTo, from, to, returns });
    return to;
  };
  for (let i = body; i < tokens.length; i++) {
    const { text, kind } = tokens[i];
    const member = tokens[i - 1]?.text === ".";
    if (kind === "word" && !member && (text === "if" || text === "switch") && tokens[i + 1]?.text === "(") {
      const close = match[i + 1];
      let end = add(i + 1, close, close + 1, true);
      if (tokens[end]?.text === ";") end++;
      if (tokens[end]?.text === "else") add(i + 1, close, end + 1, true);
    } else if (kind === "word" && !member && text === "catch") {
      const block = tokens[i + 1]?.text === "(" ? match[i + 1] + 1 : i + 1;
      add(i, i, block, true);
    } else if (/^(?:&&|\|\||\?\?|\?|&&=|\|\|=|\?\?=)$/.test(text)) {
      // the test is what stands before, back to the beginning of the expression
      let from = i;
      while (from > body && !/^[([{;,=:]$|^=>$|^return$/.test(tokens[from - 1].text)) {
        const opener = match[from - 1];
        from = opener >= 0 && opener < from - 1 ? opener : from - 1;
      }
      add(from, i, i + 1, false);
    }
  }
  return ranges;
}
