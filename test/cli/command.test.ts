/** The `tilework` command as a child process, from the built package. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { CATALOG } from "../../src/diagnostics/catalog.js";
import { parseProgram } from "../../src/ir/parse.js";
import { printProgram } from "../../src/ir/print.js";
import { buildDist, root, runNode, temporaryFolder } from "../pack/workspace.js";

const modules = join(root, "test", "cli", "modules");
const tilework = (...args: string[]) => runNode([join(root, "dist", "cli", "main.js"), ...args], modules);
const PREDICT = ["ir", "model.ts#predict", "--args", "{w: f32[3,4], b: f32[4]}, f32[8,3]"];
const LOSS = ["ir", "model.ts#loss", "--args", "{w: f32[3,4], b: f32[4]}, f32[8,3], i32[8]"];

const LAST_CODE = Object.keys(CATALOG).sort().at(-1);

beforeAll(buildDist);

describe("tilework ir", () => {
  it("prints the core program of a function in a TypeScript file that imports another", () => {
    const { status, output } = tilework(...PREDICT);
    expect(status).toBe(0);
    expect(output).toBe(`fn predict(a: f32[4], b: f32[3,4], c: f32[8,3]) {
  d: f32[8,4] = dot_general[lhsBatch=[], lhsContract=[1], preferred=null, rhsBatch=[], rhsContract=[0]] c, b
  e: f32[8,4] = broadcast_in_dim[dims=[1], shape=[8, 4]] a
  f: f32[8,4] = add d, e
  g: f32[8,4] = tanh f
  return g
}`);
    expect(printProgram(parseProgram(output))).toBe(output);
  });

  it("sizes may have names", () => {
    const args = ["--args", "{w: f32[3,4], b: f32[4]}, f32[batch,3]"];
    const { status, output } = tilework("ir", "model.ts#predict", ...args);
    expect(status, output).toBe(0);
    expect(output).toContain("e: f32[batch,4] = broadcast_in_dim[dims=[1], shape=[batch, 4]] a");
    expect(printProgram(parseProgram(output))).toBe(output);
    const refused = tilework("ir", "model.ts#predict", "--args", "{w: f32[in,4], b: f32[4]}, f32[8,3]");
    expect(refused.output).toContain("dot");
  });

  it("--spans points into the TypeScript source", () => {
    const { output } = tilework(...PREDICT, "--spans");
    const source = readFileSync(join(modules, "model.ts"), "utf8").split("\n");
    const [, line, column] = /dot_general.*# .*model\.ts:(\d+):(\d+)/.exec(output) ?? [];
    expect(source[Number(line) - 1].slice(Number(column) - 1)).toMatch(/^dot\(x, p\.w\)/);
    expect(output).toMatch(/tanh f {2}# .*activate\.ts:3:/);
  });

  it("--grad and --vmap transform first, in their order", () => {
    const grad = tilework(...LOSS, "--grad");
    expect(grad.status, grad.output).toBe(0);
    expect(grad.output.split("\n").at(-2)?.split(",").length).toBe(2);
    const args = ["--args", "{w: f32[5,3,4], b: f32[5,4]}, f32[5,8,3], i32[5,8]"];
    const both = tilework("ir", "model.ts#loss", ...args, "--grad", "--vmap");
    expect(both.status, both.output).toBe(0);
    expect(both.output).toMatch(/^fn [^\n]*f32\[5,4\]/);
    // the batch of losses is no scalar, so the other order is refused
    expect(tilework("ir", "model.ts#loss", ...args, "--vmap", "--grad").output).toMatch(/^error\[TW3001\]: /);
  });

  it.each(["plan", "tile", "loop", "wat"])("prints stage %s", (stage) => {
    const { status, output } = tilework(...PREDICT, "--stage", stage);
    expect(status, output).toBe(0);
    expect(output.length).toBeGreaterThan(100);
    if (stage === "wat") expect(output).toMatch(/^\(module/);
  });

  it("takes any file of a project that says nothing of modules, and names it as an editor does", () => {
    const project = join(temporaryFolder(), "my models");
    mkdirSync(project);
    writeFileSync(join(project, "package.json"), "{}");
    const write = (name: string, text: string): string => {
      writeFileSync(join(project, name), text);
      return join(project, name);
    };
    const double = write("double.js", "export const double = (x) => x.mul(2);\n");
    expect(tilework("ir", double, "--args", "f32[3]").output).toMatch(/^fn double\(a: f32\[3\]\)/);
    const broken = write("broken.ts", "export const f = (x) => {\n  return x +* 2;\n};\n");
    const refused = tilework("ir", `${broken}#f`, "--args", "f32");
    expect(refused).toEqual({ status: 1, output: `SyntaxError: Expression expected.\n  at ${broken}:2:13` });
    const wrong = write("wrong.js", "export const wrong = (x) => x.reshape(7);\n");
    expect(tilework("ir", wrong, "--args", "f32[3]").output).toContain(`at ${wrong}:1:31`);
    // what the command does itself is no place in the user's source
    const vector = tilework("ir", double, "--args", "f32[3]", "--grad").output;
    expect(vector).toMatch(/^error\[TW3001\]: /);
    expect(vector).not.toContain("main.js");
  });

  it("takes a jitted function of a JavaScript file with its own example", () => {
    const { status, output } = tilework("ir", "square.js");
    expect(status, output).toBe(0);
    expect(output).toContain("f32[3]");
  });

  it("an error in the function is told with its place", () => {
    const { status, output } = tilework("ir", "model.ts#predict", "--args", "{w: f32[3,4], b: f32[5]}, f32[8,3]");
    expect(status).toBe(1);
    expect(output).toMatch(
      /^error\[TW2002\]: add: .*\n {2}at .*model\.ts:7:\d+\n {2}7 \| .*\n[\s\S]*is made here\n {2}note: .*p\.b.*\n {2}help: /,
    );
  });
});

describe("tilework explain", () => {
  it("lists all codes when none is given", () => {
    const { status, output } = tilework("explain");
    expect(status).toBe(0);
    expect(output).toMatch(/^TW1001 {2}A traced value has no concrete number\nTW1002 {2}/);
    expect(output.trim().split("\n")).toHaveLength(Object.keys(CATALOG).length);
  });

  it("says what a code means", () => {
    const { status, output } = tilework("explain", "tw3003");
    expect(status).toBe(0);
    expect(output).toMatch(/^TW3003: whileLoop has no reverse mode\n/);
    for (const part of ["help: use scan", "The mistake:", "^ TW3003", "Without it:", "foriLoop"])
      expect(output).toContain(part);
  });
});

describe("help, version, mistakes", () => {
  it("--help lists the commands, --version is the package's", () => {
    expect(tilework("--help").output).toBe(tilework().output);
    expect(tilework("build", "--help")).toEqual(tilework("--help"));
    expect(tilework("ir", "model.ts#loss", "-h")).toEqual(tilework("--help"));
    for (const command of ["tilework ir", "tilework explain", "--stage"]) {
      expect(tilework("--help").output).toContain(command);
    }
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    expect(tilework("--version")).toEqual({ status: 0, output: version });
  });

  it.each([
    [["train"], 'There is no command "train"; tilework --help lists what there is.'],
    [["--verbose"], "There is no option --verbose; tilework --help lists what there is."],
    [["explain", "TW9"], `There is no error code TW9; tilework explain lists them, TW1001 to ${LAST_CODE}.`],
    [["explain", "TW2003", "TW2004"], "tilework explain takes one error code, such as TW2003."],
    [["ir"], "tilework ir takes one FILE#function."],
    [["ir", "nothing.ts#f"], "There is no file nothing.ts."],
    [["ir", "model.ts"], "Say which function of model.ts, as in model.ts#name: it exports loss, predict."],
    [["ir", "model.ts#f"], "model.ts has no function f: it exports loss, predict."],
    [["ir", "square.js#notAFunction"], "square.js has no function notAFunction: it exports square."],
    [["ir", "model.ts#loss"], 'Say what model.ts#loss is called with, as in --args "f32[2,3], i32[4]".'],
    [
      ["ir", "model.ts#loss", "--stage", "x"],
      "There is no stage x: core, plan, tile, loop, wat, wgsl are what there is.",
    ],
    [["ir", "model.ts#loss", "--arg", "x"], "Unknown option '--arg'; tilework --help lists what there is."],
  ])("%j is one sentence and status 2", (args, output) => {
    expect(tilework(...args)).toEqual({ status: 2, output });
  });
});
