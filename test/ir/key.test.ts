import { describe, expect, it } from "vitest";
import { aval } from "../../src/ir/aval.js";
import { avalKey, identityKey, paramsKey, programKey } from "../../src/ir/key.js";
import { buildProgram } from "../../src/ir/builder.js";
import { literal, type Program } from "../../src/ir/program.js";

const F = aval([2], "f32");

function scaled(name: string, by: number): Program<"core"> {
  return buildProgram(name, [F], (b, x) => {
    const c = b.emit1("broadcast_in_dim", [literal(by, aval([], "f32"))], { shape: [2], dims: [] });
    return [b.emit1("mul", [x, c], {})];
  });
}

describe("programKey", () => {
  it("is the same for programs that differ in names alone, and different when a value differs", () => {
    expect(programKey(scaled("f", 2))).toBe(programKey(scaled("g", 2)));
    expect(programKey(scaled("f", 2))).not.toBe(programKey(scaled("f", 3)));
    expect(programKey(scaled("f", 0))).not.toBe(programKey(scaled("f", -0)));
  });

  it("tells apart functions of one name, also in programs within programs", () => {
    const logging = (callback: () => void): Program<"core"> =>
      buildProgram("f", [F], (b, x) => {
        b.emit("debug_callback", [x], { callback, ordered: false });
        return [x];
      });
    const note = (): (() => void) => () => {};
    const [a, b] = [note(), note()];
    expect(programKey(logging(a))).toBe(programKey(logging(a)));
    expect(programKey(logging(a))).not.toBe(programKey(logging(b)));
    const call = (callback: () => void): string => paramsKey({ program: logging(callback), name: "f" }, programKey);
    expect(call(a)).toBe(call(a));
    expect(call(a)).not.toBe(call(b));
  });
});

describe("keys of parameters and types", () => {
  it("do not depend on the order of members", () => {
    expect(identityKey({ axes: [0], shape: [2, "n"] })).toBe(identityKey({ shape: [2, "n"], axes: [0] }));
    expect(identityKey({ axes: [0, 1] })).not.toBe(identityKey({ axes: [1, 0] }));
  });
  it("by identity, equal programs are two", () => {
    const p = scaled("f", 2);
    expect(identityKey({ program: p })).toBe(identityKey({ program: p }));
    expect(identityKey({ program: p })).not.toBe(identityKey({ program: scaled("f", 2) }));
  });
  it("see weakness", () => {
    expect(avalKey(aval([], "f32"))).not.toBe(avalKey(aval([], "f32", true)));
  });
});
