/** Golden texts: one diagnostic for each reader, and what a thrown error says. */
import { isTileworkError, jit, numpy as np, type Tensor } from "tilework";
import { expect, it } from "vitest";
import { type Diagnostic, TileworkError } from "../../src/diagnostics/error.js";
import { excerpt } from "../../src/diagnostics/excerpt.js";
import { renderTerminal, toGithub, toJson, wantsColour } from "../../src/diagnostics/render.js";
import { provideSource } from "../../src/diagnostics/source.js";

const SOURCE = [
  "const w1 = np.ones([256, 784]);",
  "",
  "",
  "export const model = jit((x) => {",
  "\tconst h = dot(x, w1);",
  "\treturn h;",
  "});",
];
const read = (file: string, line: number): string | undefined => (file === "model.ts" ? SOURCE[line - 1] : undefined);

const shapes: Diagnostic = {
  code: "TW2003",
  severity: "error",
  message: "dot: contracting dimensions differ",
  help: "transpose w1, or declare it [in, hidden]",
  span: { file: "model.ts", line: 5, column: 12, end: { line: 5, column: 22 } },
  labels: [
    { span: { file: "model.ts", line: 5, column: 16 }, text: "f32[batch=32, in=784]" },
    { span: { file: "model.ts", line: 5, column: 19 }, text: "f32[hidden=256, in=784]" },
    { span: { file: "model.ts", line: 1, column: 7 }, text: "declared here" },
    { span: { file: "other.ts", line: 3, column: 1 }, text: "called here" },
  ],
  notes: ["x contracts axis 1 (in=784), w1 contracts axis 0 (hidden=256)"],
};

it("a terminal gets frames with labels", () => {
  expect(`\n${renderTerminal(shapes, { read })}\n`).toBe(`
error[TW2003]: dot: contracting dimensions differ
  at model.ts:5:12
  1 | const w1 = np.ones([256, 784]);
    |       -- declared here
  ...
  5 |     const h = dot(x, w1);
    |               ^^^^^^^^^^
    |                   |  f32[hidden=256, in=784]
    |                   f32[batch=32, in=784]
  note: called here (other.ts:3:1)
  note: x contracts axis 1 (in=784), w1 contracts axis 0 (hidden=256)
  help: transpose w1, or declare it [in, hidden]
`);
});

it("labels stand beside the last mark and below the others, the culprit is drawn over what it overlaps", () => {
  const at = (column: number, length: number, text: string) => ({
    span: { file: "model.ts", line: 5, column, end: { line: 5, column: column + length } },
    text,
  });
  const shown = excerpt({ span: at(12, 3, "").span, labels: [at(16, 1, "one"), at(19, 2, "two")] }, read);
  expect(shown.lines).toEqual([
    "5 |     const h = dot(x, w1);",
    "  |               ^^^ -  -- two",
    "  |                   one",
  ]);
});

it("long lines are shown around the culprit", () => {
  const line = `${"a+".repeat(500)}bad()${"+a".repeat(500)}`;
  const { lines } = excerpt({ span: { file: "min.js", line: 1, column: 1001 }, label: "this" }, () => line);
  expect(lines[0].length).toBeLessThan(140);
  expect(lines[0].slice(lines[1].indexOf("^"), lines[1].lastIndexOf("^") + 1)).toBe("bad");
  expect(lines[1]).toMatch(/\^\^\^ this$/);
});

it("a place that the file does not have shows nothing", () => {
  expect(excerpt({ span: { file: "model.ts", line: 2, column: 9 } }, read).lines).toEqual([]);
  expect(excerpt({ span: { file: "model.ts", line: 99, column: 1 } }, read).lines).toEqual([]);
});

it("colours when it is asked to, with the same text", () => {
  const coloured = renderTerminal(shapes, { read, colour: true });
  expect(coloured).toContain("\x1b[1;31merror[TW2003]\x1b[0m");
  expect(coloured.replace(/\x1b\[[\d;]*m/g, "")).toBe(renderTerminal(shapes, { read }));
});

it("NO_COLOR and FORCE_COLOR decide before the stream", () => {
  expect(wantsColour({ isTTY: true }, {})).toBe(true);
  expect(wantsColour({}, {})).toBe(false);
  expect(wantsColour({ isTTY: true }, { NO_COLOR: "1" })).toBe(false);
  expect(wantsColour({ isTTY: true }, { NO_COLOR: "" })).toBe(true);
  expect(wantsColour({}, { FORCE_COLOR: "1" })).toBe(true);
  expect(wantsColour({ isTTY: true }, { FORCE_COLOR: "0" })).toBe(false);
  expect(wantsColour({ isTTY: true }, { TERM: "dumb" })).toBe(false);
});

it("JSON has a stable form", () => {
  expect(toJson([shapes])).toEqual({
    version: 1,
    diagnostics: [
      {
        code: "TW2003",
        severity: "error",
        message: "dot: contracting dimensions differ",
        file: "model.ts",
        start: { line: 5, column: 12 },
        end: { line: 5, column: 22 },
        related: [
          { message: "f32[batch=32, in=784]", file: "model.ts", start: { line: 5, column: 16 } },
          { message: "f32[hidden=256, in=784]", file: "model.ts", start: { line: 5, column: 19 } },
          { message: "declared here", file: "model.ts", start: { line: 1, column: 7 } },
          { message: "called here", file: "other.ts", start: { line: 3, column: 1 } },
        ],
        notes: shapes.notes,
        help: shapes.help,
      },
    ],
  });
});

it("GitHub gets one escaped line", () => {
  expect(toGithub({ ...shapes, message: "100%\nsure", span: { file: "a,b:c.ts", line: 1, column: 2 } })).toBe(
    "::error file=a%2Cb%3Ac.ts,line=1,col=2,title=TW2003::100%25%0Asure%0Anote: x contracts axis 1 (in=784), " +
      "w1 contracts axis 0 (hidden=256)%0Ahelp: transpose w1, or declare it [in, hidden]",
  );
});

it("a captured function's own text is shown where there is no file", () => {
  provideSource("src/gone.ts", 7, 3, "(x) => {\n  return x.foo();\n}");
  const error = new TileworkError({
    ...shapes,
    labels: [],
    notes: [],
    span: { file: "src/gone.ts", line: 8, column: 12 },
  });
  expect(`\n${error.message}\n`).toBe(`
TW2003: dot: contracting dimensions differ
  at src/gone.ts:8:12
  8 |   return x.foo();
    |            ^^^
  help: transpose w1, or declare it [in, hidden]
`);
});

it("an error of shapes says where both operands came from", () => {
  const f = jit(function loss(params: { w: Tensor }, x: Tensor) {
    const doubled = x.mul(2);
    return np.dot(doubled, params.w);
  });
  try {
    f({ w: np.ones([3, 4]) }, np.ones([2, 5]));
    expect.fail("no error");
  } catch (e) {
    if (!isTileworkError(e)) throw e;
    const [label] = e.diagnostic.labels ?? [];
    expect(label.text).toBe("f32[2,5] is made here");
    expect(label.span.line).toBe((e.diagnostic.span?.line ?? 0) - 1);
    expect(e.diagnostic.notes).toEqual(["f32[3,4] is an argument of loss (params.w)"]);
    const lines = e.message.split("\n").map((l) => l.replace(/^\s*\d+/, ""));
    expect(lines.slice(2, 6)).toEqual([
      " |     const doubled = x.mul(2);",
      "      |                       --- f32[2,5] is made here",
      " |     return np.dot(doubled, params.w);",
      "      |               ^^^",
    ]);
  }
});
