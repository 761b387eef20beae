/** `tilework/register` in the Node that runs the tests, alone and beside tsx, and what the command line captures. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { buildDist, runNode, temporaryFolder } from "../pack/workspace.js";
import { makeProject } from "./builders.js";
import { checkSample, type SampleResults } from "./sample-results.js";

const folder = temporaryFolder();
beforeAll(() => {
  buildDist();
  makeProject(folder, "sample");
});

const register = (...args: string[]) => runNode(["--import", "tilework/register", ...args], folder);

describe("node --import tilework/register", () => {
  it.each<[string, string[]]>([
    ["alone", []],
    ["before tsx", ["--import", "tsx"]],
  ])("runs TypeScript with its source captured: %s", (_, args) => {
    const { status, output } = register(...args, "main.ts");
    expect(status, output).toBe(0);
    checkSample(JSON.parse(output) as SampleResults, expect);
  });

  it("leaves the lines of the file in stacks, and loads what it doesn't capture", () => {
    writeFileSync(join(folder, "plain.mts"), "export enum Mode {\n  Fast = 7,\n}\n");
    writeFileSync(
      join(folder, "throws.ts"),
      `import { jit, type Num } from "tilework";
import { Mode } from "./plain.mjs";

const f = jit(late);
interface Unused {
  readonly a: number;
}
export function late(x: Num<[]>): Num<[]> {
  if (x > 0) return x;
  return -x;
}
function fails(x: number): never {
  throw new Error("mode " + (Mode.Fast + x));
}
fails(f(-1).item());
`,
    );
    const { status, output } = register("throws.ts");
    expect(status).toBe(1);
    expect(output).toMatch(/Error: mode 8/);
    expect(output).toMatch(/throws\.ts:13:9/);
  });

  it("runs JavaScript too", () => {
    writeFileSync(
      join(folder, "plain.js"),
      `import { jit } from "tilework";
      const f = jit((x) => { if (x > 0) return x * 2; return x; });
      console.log(f(3).item(), f(-3).item());\n`,
    );
    expect(register("plain.js")).toEqual({ status: 0, output: "6 -3" });
  });

  it("is in Tilework's command as well", () => {
    const command = join("node_modules", "tilework", "dist", "cli", "main.js");
    const { status, output } = runNode([command, "ir", "newton.ts#newton", "--args", "f32[]"], folder);
    expect(status, output).toBe(0);
    expect(output).toMatch(/while/);
  });

  it("says all that is refused, and nothing else", () => {
    const { status, output } = register("refused.ts");
    expect(status).toBe(1);
    expect(output).toMatch(/SyntaxError(?: \[Error\])?: refused\.ts:4:3 error TW7[\s\S]*refused\.ts:5:3 error TW7/);
    expect(output).not.toContain("node_modules/tilework");
  });
});
