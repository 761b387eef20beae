/** Breakpoints in the user's file: what debuggers do through the inspector, done by hand. */
import { readFileSync } from "node:fs";
import { type Debugger, Session } from "node:inspector";
import { pathToFileURL } from "node:url";
import { interpret, kernel, numpy as np } from "tilework";
import * as language from "tilework/kernels";
import { afterEach, beforeEach, expect, test } from "vitest";
import { captured } from "../dsl/captured.js";
import { softmax } from "./language/debug-softmax.js";
import { decodeMappings } from "./source-map.js";

const FILE = "test/kernels/language/debug-softmax.ts";
const lines = readFileSync(FILE, "utf8").split("\n");
/** The line (from 0) of the user's file that holds a text. */
const lineOf = (text: string): number => lines.findIndex((l) => l.includes(text));

interface Script {
  readonly id: string;
  readonly sources: readonly string[];
  readonly sourcesContent: readonly string[];
  readonly mappings: ReturnType<typeof decodeMappings>;
}

let session: Session;
let scripts: Script[];
beforeEach(() => {
  session = new Session();
  session.connect();
  scripts = [];
  session.on("Debugger.scriptParsed", ({ params }) => {
    if (!params.url.startsWith("tilework://kernels/") || !params.sourceMapURL) return;
    const map = JSON.parse(Buffer.from(params.sourceMapURL.split(",")[1], "base64").toString()) as Script & {
      mappings: string;
    };
    scripts.push({ ...map, id: params.scriptId, mappings: decodeMappings(map.mappings) });
  });
  session.post("Debugger.enable");
});
afterEach(() => session.disconnect());

/** The first place of generated code for a line of the user's file, as VS Code and Chrome look for it. */
function breakAt(line: number): void {
  const found = scripts.flatMap((script) => {
    const place = script.mappings.find((m) => m.sourceLine === line);
    return place ? [{ script, place }] : [];
  });
  expect(found.length).toBe(1);
  const [{ script, place }] = found;
  session.post(
    "Debugger.setBreakpoint",
    { location: { scriptId: script.id, lineNumber: place.line, columnNumber: place.column } },
    (error) => expect(error).toBeNull(),
  );
}

/** The place in the user's file that a place of generated code stands for. */
function original({
  scriptId,
  lineNumber,
  columnNumber = 0,
}: Debugger.Location): { line: number; column: number } | undefined {
  const script = scripts.find((s) => s.id === scriptId);
  const before = script?.mappings.filter((m) => m.line === lineNumber && m.column <= columnNumber).pop();
  return before && { line: before.sourceLine, column: before.sourceColumn };
}

function evaluate(frame: Debugger.CallFrame, expression: string): unknown {
  let value: unknown;
  session.post(
    "Debugger.evaluateOnCallFrame",
    { callFrameId: frame.callFrameId, expression, returnByValue: true },
    (e, r) => {
      value = e ?? r.result.value;
    },
  );
  return value;
}
function localNames(frame: Debugger.CallFrame): string[] {
  const names: string[] = [];
  for (const scope of frame.scopeChain) {
    if (scope.type !== "local" && scope.type !== "block") continue;
    session.post("Runtime.getProperties", { objectId: scope.object.objectId ?? "" }, (_e, r) => {
      names.push(...r.result.map((p) => p.name));
    });
  }
  return names;
}

const x = np.array([
  [0, 0],
  [0, 1],
]);

test("a breakpoint in the user's file holds the kernel, with the user's variables", () => {
  interpret(softmax)(x, { BLOCK: 4 });
  const map = scripts.find((s) => s.mappings.some((m) => m.sourceLine === lineOf("const inside")));
  expect(map?.sources).toEqual([pathToFileURL(FILE).href]);
  expect(map?.sourcesContent).toEqual([lines.join("\n")]);

  const seen: { place: unknown; names: string[]; row: unknown; col: unknown; v: unknown; max: unknown }[] = [];
  session.on("Debugger.paused", ({ params }) => {
    const [frame] = params.callFrames;
    seen.push({
      place: original(frame.location),
      names: localNames(frame),
      row: evaluate(frame, "row + 1"),
      col: evaluate(frame, "String(col)"),
      v: evaluate(frame, "`${v}`"),
      max: evaluate(frame, "max(v).item()"),
    });
    session.post("Debugger.resume");
  });
  const line = lineOf("const e = exp");
  breakAt(line);
  interpret(softmax)(x, { BLOCK: 2 });
  expect(seen.map((s) => s.place)).toEqual([0, 1].map(() => ({ line, column: lines[line].indexOf("exp(") })));
  expect(seen[0].names).toEqual(expect.arrayContaining(["x", "out", "BLOCK", "row", "col", "inside", "v", "e", "p"]));
  expect(seen.map((s) => s.row)).toEqual([1, 2]);
  expect(seen[0].col).toBe("[0 1]");
  expect(seen.map((s) => s.v)).toEqual(["[0. 0.]", "[0. 1.]"]);
  expect(seen.map((s) => s.max)).toEqual([0, 1]);
});

test("steps go over the user's statements, and into helper functions", () => {
  interpret(softmax)(x, { BLOCK: 2 });
  const places: (string | undefined)[] = [];
  session.on("Debugger.paused", ({ params }) => {
    const [frame] = params.callFrames;
    const at = original(frame.location);
    const text = at && lines[at.line].trim();
    if (at && text !== places[places.length - 1]) places.push(text);
    if (places.length > 4) session.post("Debugger.disable");
    else session.post(places.length === 1 ? "Debugger.stepInto" : "Debugger.stepOver");
  });
  // what `skipFiles` says for node_modules
  session.post("Debugger.setBlackboxPatterns", { patterns: ["/src/"] });
  breakAt(lineOf("const p = normalise"));
  interpret(softmax, { programs: [1] })(x, { BLOCK: 2 });
  expect(places).toEqual([
    "const p = normalise(e);",
    "const total = sum(e);",
    "return e / total;",
    "store(out, [row, col], p, { mask: inside });",
    "},",
  ]);
});

test("a breakpoint that is set before the kernel runs for the first time holds it", () => {
  const text = "(x, out) => {\n  const v = load(x, [0]);\n  store(out, [0], v);\n}";
  const fresh = kernel(captured(text, language), { out: () => ({ shape: [1] }) });
  const paused: (string | undefined)[] = [];
  session.on("Debugger.paused", ({ params }) => {
    const [frame] = params.callFrames;
    // debuggers look for the breakpoints of a source when its script is about to run
    if (params.reason === "instrumentation") breakAt(3);
    else paused.push(`${original(frame.location)?.line} ${evaluate(frame, "v.item()")}`);
    session.post("Debugger.resume");
  });
  session.post("Debugger.setInstrumentationBreakpoint", { instrumentation: "beforeScriptWithSourceMapExecution" });
  // biome-ignore lint/suspicious/noExplicitAny: a kernel of a text
  (interpret as any)(fresh)(np.array([7]));
  expect(paused).toEqual(["3 7"]);
});

test("a debugger statement in the kernel holds it", () => {
  const text = "(x, out) => {\n  const v = load(x, [0]);\n  if (v > 1) debugger;\n  store(out, [0], v);\n}";
  const f = kernel(captured(text, language), { out: () => ({ shape: [1] }) });
  const paused: (number | undefined)[] = [];
  session.on("Debugger.paused", ({ params }) => {
    paused.push(original(params.callFrames[0].location)?.line);
    session.post("Debugger.resume");
  });
  // biome-ignore lint/suspicious/noExplicitAny: a kernel of a text
  for (const v of [1, 2]) (interpret as any)(f)(np.array([v]));
  expect(paused).toEqual([3]);
});
