/** What the hooks decide about addresses, for both kinds of hooks that Node has. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isOwnFile, stagedSource, strippedSource, TYPESCRIPT } from "./source.js";

const OWN = /^tilework(?:\/(optim|io|capture))?$/;
const ENTRIES: Readonly<Record<string, string>> = {
  optim: "optim/index.js",
  io: "io/index.js",
  capture: "dsl/index.js",
};

/** For Tilework's command: "tilework" is the command's own copy of the modules, wherever the file lies. */
export function ownAddress(specifier: string): string | undefined {
  const own = OWN.exec(specifier);
  return own ? new URL(`../${own[1] ? ENTRIES[own[1]] : "index.js"}`, import.meta.url).href : undefined;
}

/** TypeScript's convention: "./model.js" in a source is the file model.ts. */
export function typescriptName(specifier: string): string | undefined {
  return /^(?:[./]|file:).*\.[mc]?jsx?$/.test(specifier) ? specifier.replace(/js(x?)$/, "ts$1") : undefined;
}

export interface Loaded {
  readonly format: "module";
  readonly source: string;
  readonly shortCircuit: true;
}
const module = (source: string): Loaded => ({ format: "module", source, shortCircuit: true });

/** How a module of JavaScript begins a line, and nothing else does. */
const MODULE_SYNTAX = /^(?:import|export)\b/m;

/** A file of the program that has something to capture. */
export function loadStaged(url: string): Loaded | undefined {
  const source = isOwnFile(url) ? stagedSource(url) : undefined;
  return source === undefined ? undefined : module(source);
}

/** JavaScript that is a module though no package.json says so, as Node without hooks finds out. */
export function loadUnmarked(url: string, format: string | null | undefined): Loaded | undefined {
  if (!isOwnFile(url) || !/\.js$/.test(url) || format === "module") return undefined;
  const source = readFileSync(fileURLToPath(url), "utf8");
  return MODULE_SYNTAX.test(source) ? module(source) : undefined;
}

/** TypeScript that Node would take for itself: newer ones only blank types out, and find an enum when it is too late to help. */
export function loadStripped(url: string, format: unknown): Loaded | undefined {
  const isOurs = format === "module-typescript" && isOwnFile(url) && TYPESCRIPT.test(url.split(/[?#]/)[0]);
  return isOurs ? module(strippedSource(url)) : undefined;
}

/** TypeScript where this Node, with the other hooks, can't load it. */
export function loadAnyway(url: string, error: unknown): Loaded {
  const { code } = error as { readonly code?: string };
  const isOurs = code === "ERR_UNKNOWN_FILE_EXTENSION" || code === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX";
  if (!isOurs || !TYPESCRIPT.test(url.split(/[?#]/)[0])) throw error;
  return module(strippedSource(url));
}
