/** What the parts of the reader share: the scopes, the values from outside, and the list of what is refused. */
import type * as es from "acorn";
import type { Block, CaptureError, Expression, FunctionNode, Located, Pattern, Statement } from "../ast.js";
import type { Refusal } from "../refusals.js";
import { unknownName } from "./unknown.js";

/** A chain of plain members on a name from outside of the function: `np.linalg.inv`. */
export interface Chain {
  readonly root: string;
  readonly members: readonly string[];
}
export const chainText = ({ root, members }: Chain): string => [root, ...members].join(".");

/** What a chain stands for. */
export interface Known {
  /** Its value at present. */
  readonly read: () => unknown;
  /** It is of this package: what fails inside of it, fails where it is called. */
  readonly library: boolean;
  /** Its last member is the same function whatever it is called on. */
  readonly namespace: boolean;
}
export interface Unknown {
  /** The part of the chain that nobody knows. */
  readonly unknown: string;
  /** What the name may be, when its form tells. */
  readonly note?: string;
}

/** Where the values of names from outside come from. */
export interface Names {
  readonly find: (chain: Chain, called: boolean) => Known | Unknown;
}

export class Context {
  readonly errors: CaptureError[] = [];
  /** The captured chains, in order of first use. */
  readonly values = new Map<string, () => unknown>();
  readonly #scopes: Set<string>[] = [];
  readonly #unknown = new Set<string>();
  /** How many functions with a `this` of their own are open. */
  ownThis = 0;

  // set by function.ts: expressions hold functions, which hold statements, which hold expressions
  expression: (node: es.Expression) => Expression = unset;
  pattern: (node: es.Pattern) => Pattern = unset;
  statement: (node: es.Statement) => Statement | undefined = unset;
  block: (statements: readonly es.Statement[], at: es.Node) => Block = unset;
  functionNode: (node: es.Function, method?: Method) => FunctionNode = unset;

  constructor(
    readonly names: Names,
    /** Name of the outermost function, for messages. */
    readonly functionName: string,
    /** How many letters were put before the function's text to parse it. */
    readonly shift: number,
  ) {}

  at(node: es.Node): Located {
    return { start: node.start - this.shift, end: node.end - this.shift };
  }

  /** Records that `node` is refused; reading goes on, to find the other mistakes too. */
  refuse(node: es.Node, { code, message, help }: Refusal): void {
    const at = this.at(node);
    if (this.errors.some((e) => e.start === at.start && e.code === code)) return;
    this.errors.push({ code, message, help, ...at });
  }

  withScope<R>(names: Iterable<string>, f: () => R): R {
    this.#scopes.push(new Set(names));
    try {
      return f();
    } finally {
      this.#scopes.pop();
    }
  }
  isLocal(name: string): boolean {
    return this.#scopes.some((s) => s.has(name));
  }

  /** The value of a chain; an error, told once for each name, where nobody knows it. `called`: it is what a call calls. */
  captured(chain: Chain, node: es.Node, called = false): Expression {
    const found = this.names.find(chain, called);
    const at = this.at(node);
    if ("unknown" in found) {
      if (!this.#unknown.has(found.unknown)) {
        this.#unknown.add(found.unknown);
        this.errors.push({ ...unknownName(found, this.functionName), ...at });
      }
      return { kind: "literal", value: undefined, ...at };
    }
    const text = chainText(chain);
    if (!this.values.has(text)) this.values.set(text, found.read);
    return { kind: "captured", chain: text, library: found.library, ...at };
  }
}

/** What the syntax tree keeps beside the function of a method. */
export interface Method {
  readonly name: string;
  readonly node: es.Node;
}

function unset(): never {
  throw new Error("the reader is not put together");
}
