/** `tilework migrate`: programs for jax-js become programs for Tilework. */
import { openProgram } from "./program.js";
import { type Migrated, migrateSource } from "./render.js";

export { isScript } from "./program.js";
export type { Migrated, Note } from "./render.js";

/** Migrates files, given by path with their texts; those that have nothing of jax-js are not in the result. */
export function migrate(files: ReadonlyMap<string, string>): Map<string, Migrated> {
  const concerned = new Map([...files].filter(([, text]) => text.includes("@jax-js/")));
  const done = new Map<string, Migrated>();
  if (concerned.size === 0) return done;
  // the others are read too: they may hold the types of what is exported to these
  const program = openProgram(files);
  for (const path of concerned.keys()) {
    const migrated = migrateSource(program.source(path), program);
    if (migrated) done.set(path, migrated);
  }
  return done;
}
