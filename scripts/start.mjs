// `npm start`: builds what is stale, then trains the GPT; every argument is passed on to it.
// `npm run digits` (--example digits, first) does the same with the other example.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { build, root } from "./build.mjs";

const status = build({ examples: true });
if (status !== 0) {
  console.error("The build failed, so there is nothing to start.");
  process.exit(status);
}
const given = process.argv.slice(2);
const [example, args] = given[0] === "--example" ? [given[1], given.slice(2)] : ["gpt", given];
const main = join(root, "build", "examples", example, "main.js");
const child = spawn(process.execPath, ["--enable-source-maps", main, ...args], { stdio: "inherit" });
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
