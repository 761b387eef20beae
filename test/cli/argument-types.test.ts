/** The small language of `tilework ir --args`. */
import { expect, it } from "vitest";
import { type ArrayType, parseArgumentTypes } from "../../src/cli/argument-types.js";
import { UsageError } from "../../src/cli/usage.js";

const parse = (text: string) => parseArgumentTypes(text, ({ dtype, shape }: ArrayType) => `${dtype}(${shape})`);

it("arrays, lists and objects, nested", () => {
  expect(parse("f32[2,3],i32[4]")).toEqual(["f32(2,3)", "i32(4)"]);
  expect(parse("f32[batch,3]")).toEqual(["f32(batch,3)"]);
  expect(parse(" f64 , bool[] ,u8[ 0 , 1 ]")).toEqual(["f64()", "bool()", "u8(0,1)"]);
  expect(parse("{w: f32[3], b: {c: key}}, [i8, [u64[2]]], []")).toEqual([
    { w: "f32(3)", b: { c: "key()" } },
    ["i8()", ["u64(2)"]],
    [],
  ]);
  expect(parse("")).toEqual([]);
});

it.each([
  ["f31[2]", 'a type such as f32[2,3] is expected in "f31[2]", not "f31"'],
  ["f32[2", '"]" is expected in "f32[2", not its end'],
  ["f32[:]", 'a size is expected in "f32[:]", not ":"'],
  ["f32 f32", '"," is expected in "f32 f32", not "f32"'],
  ["{f32[2]}", '":" is expected in "{f32[2]}", not "["'],
  ["f32[-1]", '"-1]" cannot be read'],
])("%s is refused in a sentence", (text, sentence) => {
  expect(() => parse(text)).toThrow(UsageError);
  expect(() => parse(text)).toThrow(`--args: ${sentence}`);
});
