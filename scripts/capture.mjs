// The examples' modules with the source of their staged functions, in the place of what tsc made of them: as the Node hook
// (tilework/register) does when it loads them, but before they run. `node scripts/capture.mjs examples build/examples`
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { stagedSource } from "../dist/register/source.js";

const [from, to] = process.argv.slice(2);
for (const name of readdirSync(from, { recursive: true })) {
  const source = name.endsWith(".ts") ? stagedSource(pathToFileURL(join(from, name)).href) : undefined;
  if (source !== undefined) writeFileSync(join(to, name.replace(/ts$/, "js")), source);
}
