"use strict";
// Runs before everything else, and must parse on any Node there ever was: no module syntax, nothing newer than ES5.
var parts = process.versions.node.split(".");
var major = Number(parts[0]);
var minor = Number(parts[1]);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error("Tilework needs Node 20.19 or newer, and this is Node " + process.versions.node + ".");
  process.exit(1);
}
