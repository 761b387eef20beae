// Modules with the source of their staged functions, in the place of what tsc made of them: as the Node hook (tilework/register)
// does when it loads them, but before they run.
// `node scripts/capture.mjs examples build/examples` for programs; `node scripts/capture.mjs --own src/kernels/library dist/kernels/library`
// for the package's own kernels, whose modules import the package's other modules and not the package.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { problemsText } from "../dist/dsl/parse/problem-text.js";
import { rewriteModule } from "../dist/dsl/parse/rewrite.js";
import { rewrittenWithoutTypes } from "../dist/dsl/parse/without-types.js";
import { stagedSource } from "../dist/register/source.js";

const own = process.argv[2] === "--own";
const [from, to] = process.argv.slice(own ? 3 : 2);

/** Where the modules of src/kernels/library find `capture`. */
const CAPTURE_FROM = "../../dsl/capture.js";

/** One of the package's own modules; undefined when it holds no kernel. */
function ownSource(file) {
  const text = readFileSync(join(from, file), "utf8");
  const done = rewriteModule(text, { file: `tilework/kernels/${file}`, captureFrom: CAPTURE_FROM });
  if (!done || done.captured.length === 0) return undefined;
  const errors = done.problems.filter((p) => p.severity === "error");
  if (errors.length > 0) throw new Error(problemsText(errors, text));
  return rewrittenWithoutTypes(done, file, file, text).code;
}

for (const name of readdirSync(from, { recursive: true })) {
  if (!name.endsWith(".ts")) continue;
  const source = own ? ownSource(name) : stagedSource(pathToFileURL(join(from, name)).href);
  if (source !== undefined) writeFileSync(join(to, name.replace(/ts$/, "js")), source);
}
