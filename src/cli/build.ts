/** `tilework build --aot FILE#function`: files that run the function without Tilework. */
import * as fs from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { makeFolder } from "../util/folder.js";
import { buildAhead } from "./aot/build.js";
import { exampleArguments } from "./example.js";
import { loadFunction } from "./load.js";
import { optionError, UsageError } from "./usage.js";

export async function build(commandLine: readonly string[], version: string): Promise<string> {
  const { aot, args, out, name } = parseOptions(commandLine);
  if (aot === undefined) throw new UsageError("tilework build takes --aot FILE#function.");
  const f = await loadFunction(aot);
  const label = name ?? (aot.includes("#") ? aot.slice(aot.lastIndexOf("#") + 1) : f.name || "main");
  if (!/^[\w$.-]+$/.test(label)) throw new UsageError(`${label} is no name for files; give one by --name.`);
  const sizes = new Map<string, number>();
  const shapes = new Map<unknown, readonly (number | string)[]>();
  const example = exampleArguments(aot, args, f, sizes, shapes);
  const { files, bounds } = await buildAhead(f, example, label, version, { sizes, shapes });
  onDisk(`The folder ${out} cannot be made`, () => makeFolder(fs, dirname, resolve(out)));
  const written = files.map(({ name: file, content }) => {
    const path = join(out, file);
    onDisk(`${path} cannot be written`, () => fs.writeFileSync(path, content));
    return `${path}  ${Buffer.byteLength(content)} bytes`;
  });
  return [...written, ...bounds.map((b) => `${b}; for that, build it with 1 in the place of the name`)].join("\n");
}

/** What the disk refuses is one sentence, with the reason that the system gives. */
function onDisk(failed: string, work: () => void): void {
  try {
    work();
  } catch (e) {
    throw new UsageError(`${failed} (${(e as Error).message}).`);
  }
}

function parseOptions(commandLine: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...commandLine],
      options: {
        aot: { type: "string" },
        args: { type: "string" },
        out: { type: "string", default: "." },
        name: { type: "string" },
      },
    });
    return values;
  } catch (e) {
    throw optionError(e);
  }
}
