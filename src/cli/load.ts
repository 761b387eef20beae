/** Finds the function that `FILE#function` names. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { install } from "../register/install.js";
import type { AnyFunction } from "../tracer/trace.js";
import { UsageError } from "./usage.js";

export async function loadFunction(place: string): Promise<AnyFunction> {
  const cut = place.lastIndexOf("#");
  const file = cut < 0 ? place : place.slice(0, cut);
  if (!existsSync(file)) throw new UsageError(`There is no file ${file}.`);
  if (!/\.m?[jt]s$/.test(file)) throw new UsageError(`${file} is no .ts or .js file.`);
  install({ own: true });
  const module = (await import(pathToFileURL(resolve(file)).href)) as Record<string, unknown>;
  const functions = Object.keys(module).filter((name) => typeof module[name] === "function");
  const known = functions.length > 0 ? `it exports ${functions.join(", ")}` : "it exports no function";
  // a file with one function needs no name
  const name = cut >= 0 ? place.slice(cut + 1) : functions.length === 1 ? functions[0] : undefined;
  if (name === undefined) throw new UsageError(`Say which function of ${file}, as in ${file}#name: ${known}.`);
  const found = module[name];
  if (typeof found !== "function") throw new UsageError(`${file} has no function ${name}: ${known}.`);
  return found as AnyFunction;
}
