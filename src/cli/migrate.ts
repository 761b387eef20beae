/** `tilework migrate`: finds the files, writes them, and says what was changed and what a person must look at. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { isScript, type Migrated, migrate as migrateFiles } from "../migrate/index.js";
import { fromHere, optionError, UsageError } from "./usage.js";

const SKIPPED = new Set(["node_modules", "dist", "build", "coverage"]);

/** Gives what is printed, and the exit status: 0 also where something is left for a person. */
export function migrate(commandLine: readonly string[]): { text: string; status: number } {
  const { values, positionals } = parseOptions(commandLine);
  const paths = (positionals.length > 0 ? positionals : ["."]).flatMap(scriptsIn);
  const files = new Map(paths.map((path) => [path, readFileSync(path, "utf8")]));
  const done = migrateFiles(files);
  if (!values.dry) for (const [path, { text }] of done) if (text !== files.get(path)) writeFileSync(path, text);
  return { text: values.json ? json(done, files) : report(done, files, values.dry === true), status: 0 };
}

function scriptsIn(place: string): string[] {
  const path = resolve(place);
  if (!existsSync(path)) throw new UsageError(`There is no file or folder ${place}.`);
  if (!statSync(path).isDirectory()) {
    if (!isScript(path)) throw new UsageError(`${place} is no file of TypeScript or JavaScript.`);
    return [path];
  }
  return readdirSync(path, { withFileTypes: true })
    .filter((e) => !e.name.startsWith(".") && !SKIPPED.has(e.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((e) => (e.isDirectory() ? scriptsIn(join(path, e.name)) : isScript(e.name) ? [join(path, e.name)] : []));
}

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`;

function report(done: ReadonlyMap<string, Migrated>, files: ReadonlyMap<string, string>, dry: boolean): string {
  if (done.size === 0) return `nothing of jax-js in ${count(files.size, "file")}`;
  const lines: string[] = [];
  let notes = 0;
  let changed = 0;
  for (const [path, { text, changes, notes: found }] of done) {
    if (text !== files.get(path)) changed++;
    const name = fromHere(path);
    const what = [...changes].map(([kind, n]) => `${kind} (${n})`).join(", ");
    lines.push(what === "" ? name : `${name}: ${what}`);
    for (const { line, column, message } of found) lines.push(`  ${name}:${line}:${column}  ${message}`);
    notes += found.length;
  }
  lines.push("");
  lines.push(`${count(changed, "file")} ${dry ? "would be " : ""}changed, ${count(notes, "place")} to look at`);
  if (changed > 0)
    lines.push("next: npm install tilework, and npm uninstall the packages of jax-js that nothing imports any more");
  return lines.join("\n");
}

function json(done: ReadonlyMap<string, Migrated>, files: ReadonlyMap<string, string>): string {
  const list = [...done].map(([path, { text, changes, notes }]) => ({
    file: fromHere(path),
    changed: text !== files.get(path),
    changes: Object.fromEntries(changes),
    notes,
    text,
  }));
  return JSON.stringify({ files: list }, null, 2);
}

function parseOptions(commandLine: readonly string[]) {
  try {
    return parseArgs({
      args: [...commandLine],
      allowPositionals: true,
      options: { json: { type: "boolean" }, dry: { type: "boolean" } },
    });
  } catch (e) {
    throw optionError(e);
  }
}
