/** What is said of the constructs that capture refuses: one text, whichever parser meets them. */
import type { Code } from "../diagnostics/help.js";

export interface Refusal {
  readonly code: Code;
  readonly message: string;
  readonly help: string;
}

/** A construct without a counterpart in a compiled program, and what to write instead. */
export function cannotCapture(what: string, help: string): Refusal {
  return { code: "TW7001", message: `${what} cannot be captured`, help };
}

export const REFUSALS = {
  generator: cannotCapture("a generator", "return a list, or push to one in a loop over range()"),
  yield: cannotCapture("yield", "return a list, or push to one in a loop over range()"),
  delete: cannotCapture("delete", "build a new object without the key: const { key, ...rest } = x"),
  taggedTemplate: cannotCapture("a tagged template", "call the function with its arguments"),
  regularExpression: cannotCapture("a regular expression", "put it in a variable outside of the function"),
  class: cannotCapture("a class", "declare it outside of the function"),
  super: cannotCapture("super", "call a function outside of the class, or a method of another name"),
  privateMember: cannotCapture("a #private member", "use TypeScript's `private` keyword, whose names can be read"),
  privateKey: cannotCapture("a #private member", "use TypeScript's `private` keyword instead"),
  privateIn: cannotCapture("a #private member", "keep the value in a public one"),
  arguments: cannotCapture("arguments", "name the parameters, or take ...rest"),
  import: cannotCapture("import()", "import the module at the top of the file"),
  accessor: cannotCapture("a getter or setter", "use a method or a plain property"),
  forIn: cannotCapture("for … in", "loop over Object.keys(x) with for … of"),
  forOfTarget: {
    code: "TW7001",
    message: "the variable of for … of must be declared in it",
    help: "write for (const x of …)",
  },
  with: cannotCapture("with", "name the object"),
  label: cannotCapture("a label here", "label a loop or a switch"),
  using: cannotCapture("using", "use const: traced values need no release"),
  assignment: { code: "TW7001", message: "this cannot be assigned to", help: "assign to a variable" },
  var: {
    code: "TW7003",
    message: "var has the whole function for its scope, which branches and loops cannot follow",
    help: "use let or const",
  },
  try: {
    code: "TW7002",
    message: "try cannot be staged: what is compiled has no exceptions to catch",
    help: "catch outside of the staged function, or test the condition with if",
  },
  await: {
    code: "TW1005",
    message: "await: a staged function is synchronous",
    help: "await outside, and pass the result in",
  },
  forAwait: {
    code: "TW1005",
    message: "for await: a staged function is synchronous",
    help: "collect the elements first, and pass them in",
  },
} as const satisfies Readonly<Record<string, Refusal>>;

export const asynchronous = (name: string): Refusal => ({
  code: "TW1005",
  message: `${name || "the function"} is async; what it does after its first await cannot be traced`,
  help: "make it synchronous and await outside of it",
});

/** A construct that has no text of its own here, by the parser's name for it. */
export const unknownExpression = (name: string): Refusal =>
  cannotCapture(`the construct ${name}`, "write it with functions, loops and conditions");
export const unknownStatement = (name: string): Refusal =>
  cannotCapture(name, "write it with functions, loops and conditions");

/** `name = …` where the name is not the function's own. */
export const outerName = (name: string): Refusal => ({
  code: "TW7004",
  message: `${name} belongs to the code around the function, which runs once for each trace and not for each call`,
  help: `return the new value of ${name} and assign it outside`,
});
/** `root.member = …` where the root is not the function's own. */
export const outerObject = (root: string): Refusal => ({
  code: "TW7004",
  message: `${root} belongs to the code around the function: writing to it happens once for each trace and not for each call`,
  help:
    root === "this"
      ? "return the new value, and keep it outside"
      : `return the new value, and write it to ${root} outside`,
});
