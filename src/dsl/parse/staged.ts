/** Which of Tilework's functions stage their arguments, and what in a text may make it worth parsing. */

/** Name → positions of the arguments that are traced. Of `lax.scan` and `scan` the last part counts. */
const STAGED: ReadonlyMap<string, readonly number[]> = new Map<string, readonly number[]>([
  ...[
    "jit",
    "kernel",
    "grad",
    "valueAndGrad",
    "jvp",
    "vjp",
    "vjpWithAux",
    "linearize",
    "linearTranspose",
    "jacfwd",
    "jacrev",
    "hessian",
    "vmap",
    "pmap",
    "shardMap",
    "checkpoint",
    "customVjp",
    "customJvp",
    "makeProgram",
    "printSource",
    "evalShape",
    "explain",
    "interpret",
    "scan",
    "associativeScan",
    "map",
  ].map((name) => [name, [0]] as const),
  ["cond", [1, 2]],
  ["switchCase", [1]],
  ["whileLoop", [0, 1]],
  ["foriLoop", [2]],
  ["customRoot", [0, 3, 4]],
]);

export function stagedPositions(api: string): readonly number[] | undefined {
  return STAGED.get(api.startsWith("lax.") ? api.slice("lax.".length) : api);
}

/** Calls of these only make a function from a function: one that is not used can be dropped. */
export const PURE_WRAPPERS: ReadonlySet<string> = new Set([
  "jit",
  "kernel",
  "model",
  "grad",
  "valueAndGrad",
  "jacfwd",
  "jacrev",
  "hessian",
  "vmap",
  "pmap",
  "shardMap",
  "checkpoint",
]);

/** Of customVjp and customJvp: the methods whose arguments are the rules. */
export const RULE_METHODS: ReadonlySet<string> = new Set(["defvjp", "defjvp"]);
export const CUSTOM_RULES: ReadonlySet<string> = new Set(["customVjp", "customJvp"]);

/** Those that may decorate a method, a class or (before any other tool sees it) a function. */
export type Decorating = "jit" | "kernel" | "model";
export function isDecorating(api: string | undefined): api is Decorating {
  return api === "jit" || api === "kernel" || api === "model";
}

export const DIRECTIVES: ReadonlyMap<string, "jit" | "kernel"> = new Map([
  ["use jit", "jit"],
  ["use kernel", "kernel"],
]);

const DIRECTIVE = /["']use (?:jit|kernel)["']/;
const MENTION = /["']tilework(?:\/[\w-]+)?["']/;

/** A quick look before anything is parsed: whether the module can hold staged functions at all. */
export function mayBeStaged(text: string): boolean {
  return MENTION.test(text) || DIRECTIVE.test(text);
}
/** Whether it may hold `@jit function`, which no other tool can read. */
export function mayBeDecorated(text: string): boolean {
  return MENTION.test(text) && /@\s*[\w$.]+/.test(text);
}
