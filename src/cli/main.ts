#!/usr/bin/env node
/** The `tilework` command. Nothing else is loaded before it is known that this Node is new enough for it. */
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Tilework needs Node 20.19 or newer, and this is Node ${process.versions.node}.`);
  process.exitCode = 1;
} else {
  import("./command.js").then(async ({ runCommand }) => {
    process.exitCode = await runCommand(process.argv.slice(2));
  });
}

export {};
