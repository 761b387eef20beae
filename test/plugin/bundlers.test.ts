/** The sample built and minified by every bundler, and run in Node. The whole package in the bundle: `npm run test:browser`. */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { buildDist, runNode, temporaryFolder } from "../pack/workspace.js";
import { BUILDERS, makeProject } from "./builders.js";
import { checkSample, type SampleResults } from "./sample-results.js";

const folder = temporaryFolder();
beforeAll(() => {
  buildDist();
  makeProject(folder, "sample");
  mkdirSync(join(folder, "out"));
});

describe.each(Object.entries(BUILDERS))("%s", (name, build) => {
  it("builds the sample with its source captured", async () => {
    const out = join(folder, "out", `${name}.js`);
    await build({ folder, entry: join(folder, "main.ts"), out, external: true });
    const { status, output } = runNode([out], folder);
    expect(status, output).toBe(0);
    checkSample(JSON.parse(output) as SampleResults, expect);
    const code = readFileSync(out, "utf8");
    // dropped with its record; and records hold no text in a build for production
    expect(code).not.toContain("a function that nobody uses");
    expect(code).not.toMatch(/source:\s*["'`]/);
  });

  it("shows everything that is refused, where it is", async () => {
    const out = join(folder, "out", `${name}-refused.js`);
    const failed = await build({ folder, entry: join(folder, "refused.ts"), out, external: true }).then(
      () => "it was built",
      (e: unknown) =>
        [e, (e as { errors?: unknown[] }).errors ?? []]
          .flat()
          .map((x) => (x as Error).message ?? x)
          .join("\n"),
    );
    expect(failed).toMatch(/refused\.ts:4:3 error TW7\d{3}/);
    expect(failed).toMatch(/refused\.ts:5:3 error TW7\d{3}/);
  });
});
