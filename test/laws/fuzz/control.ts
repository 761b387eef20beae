/** Templates of control flow: nested random programs. */
import { aval } from "../../../src/ir/aval.js";
import { buildProgram } from "../../../src/ir/builder.js";
import { isStatic } from "../../../src/ir/dim.js";
import { isFloat } from "../../../src/ir/dtype.js";
import type { ProgramMaker, Value } from "../fuzz-program.js";
import type { Template } from "./templates.js";

/** What a loop's carry stays within, whatever the body does to it. */
const CARRY = 4;

const some = (m: ProgramMaker, least: number, most: number, fits: (v: Value) => boolean = () => true): Value[] =>
  Array.from({ length: m.rng.int(least, most) }, () => m.find(fits)).filter((v): v is Value => v !== undefined);

/** A scalar of the pool to decide by, or one made of an array. */
function predicate(m: ProgramMaker): Value | undefined {
  const scalar = m.find(
    (v) => v.atom.aval.shape.length === 0 && (v.atom.aval.dtype === "bool" || v.atom.aval.dtype === "i32"),
  );
  if (scalar) return scalar;
  const mask = m.find((v) => v.atom.aval.dtype === "bool");
  if (mask)
    return { atom: m.b.emit1("reduce_or", [mask.atom], { axes: mask.atom.aval.shape.map((_, i) => i) }), bound: 1 };
  const float = m.options.smooth ? undefined : m.float();
  if (!float) return undefined;
  const sum = m.b.emit1("reduce_sum", [float.atom], { axes: float.atom.aval.shape.map((_, i) => i) });
  return { atom: m.b.op("gt", sum, m.b.scalar(0, sum.aval.dtype)), bound: 1 };
}

/** Carries: floats pressed to the bound that the body keeps. */
function carries(m: ProgramMaker, values: readonly Value[]): Value[] {
  return values.map((v) =>
    isFloat(v.atom.aval.dtype) ? { ...m.squash(v, CARRY), bound: CARRY } : { ...v, bound: Number.POSITIVE_INFINITY },
  );
}
const isSmall = (v: Value): boolean => v.atom.aval.shape.length <= 2 && v.atom.aval.dtype !== "key";

export const control: readonly Template[] = [
  {
    name: "call, checkpoint, custom_jvp_call",
    weight: 0.6,
    nested: true,
    make(m) {
      const inputs = some(m, 1, 3);
      if (inputs.length === 0) return false;
      const { program, bounds } = m.nested("inner", inputs, [], m.rng.int(1, 2));
      if (program.outputs.length === 0) return false;
      const atoms = inputs.map((v) => v.atom);
      const results = m.rng.chance(0.5)
        ? m.b.emit("call", atoms, { program, name: "inner" })
        : m.b.emit("checkpoint", atoms, {
            program,
            policy: m.rng.pick([null, (prim: string) => prim === "mul" || prim === "sin"]),
            prevent: false,
          });
      results.forEach((v, i) => m.keep(v, bounds[i]));
      return true;
    },
  },
  {
    name: "cond",
    weight: 0.8,
    nested: true,
    make(m) {
      const index = predicate(m);
      const inputs = some(m, 1, 3);
      const wanted = some(m, 1, 2);
      if (!index || inputs.length === 0 || wanted.length === 0) return false;
      const limited = wanted.map((w) => ({ ...w, bound: Math.max(w.bound, 1) }));
      const count = index.atom.aval.dtype === "bool" ? 2 : m.rng.int(1, 3);
      const branches = Array.from({ length: count }, (_, k) => m.nested(`branch${k}`, inputs, limited, 0).program);
      m.b
        .emit("cond", [index.atom, ...inputs.map((v) => v.atom)], { branches })
        .forEach((v, i) => m.keep(v, limited[i].bound));
      return true;
    },
  },
  {
    name: "scan",
    weight: 0.8,
    nested: true,
    make(m) {
      const consts = some(m, 0, 2, isSmall);
      const carry = carries(m, some(m, 0, 2, isSmall));
      const lengths = m.pool
        .filter((v) => v.atom.aval.shape.length >= 1 && v.atom.aval.shape.length <= 3)
        .map((v) => v.atom.aval.shape[0]);
      const length = lengths.length > 0 ? m.rng.pick(lengths) : 3;
      if (isStatic(length) && length > 8) return false;
      const xs = some(
        m,
        carry.length === 0 ? 1 : 0,
        2,
        (v) => v.atom.aval.shape.length >= 1 && String(v.atom.aval.shape[0]) === String(length),
      );
      if (consts.length + carry.length + xs.length === 0) return false;
      const rows = xs.map((x): Value => {
        // only the type matters to the body's maker
        const atom = { ...x.atom, aval: aval(x.atom.aval.shape.slice(1), x.atom.aval.dtype) } as Value["atom"];
        return { atom, bound: x.bound };
      });
      const { program, bounds } = m.nested(
        "body",
        [...consts, ...carry, ...rows],
        carry,
        m.rng.int(carry.length === 0 ? 1 : 0, 2),
      );
      if (program.outputs.length === 0) return false;
      const results = m.b.emit(
        "scan",
        [...consts, ...carry, ...xs].map((v) => v.atom),
        {
          body: program,
          length,
          reverse: m.rng.chance(0.4),
          numConsts: consts.length,
          numCarry: carry.length,
        },
      );
      results.forEach((v, i) => m.keep(v, i < carry.length ? carry[i].bound : bounds[i]));
      return true;
    },
  },
  {
    name: "while",
    weight: 0.5,
    nested: true,
    irreversible: true,
    make(m) {
      const consts = some(m, 0, 1, isSmall);
      const carry = carries(m, some(m, 1, 2, isSmall));
      if (carry.length === 0) return false;
      const i32 = aval([], "i32");
      const steps = { atom: m.b.scalar(m.rng.int(0, 3), "i32"), bound: 3 };
      const counter = { atom: m.b.scalar(0, "i32"), bound: Number.POSITIVE_INFINITY };
      // the limit is read from the pool sometimes, so that a batch stops at different steps
      const limit = m.find((v) => v.atom.aval.dtype === "i32" && v.atom.aval.shape.length === 0);
      const bounded = limit ? m.squash(limit, 3) : steps;
      const inner = m.nested("body", [...consts, ...carry], carry, 0).program;
      const types = [i32, ...carry.map((v) => aval(v.atom.aval.shape, v.atom.aval.dtype))];
      const results = m.b.emit(
        "while",
        [bounded.atom, ...consts.map((v) => v.atom), counter.atom, ...carry.map((v) => v.atom)],
        {
          cond: buildProgram("test", [i32, ...types], (b, n, i) => [b.op("lt", i, n)]),
          body: buildProgram(
            "step",
            [...consts.map((v) => aval(v.atom.aval.shape, v.atom.aval.dtype)), ...types],
            (b, ...xs) => {
              const i = xs[consts.length];
              return [
                b.add(i, b.scalar(1, "i32")),
                ...b.inline(inner, [...xs.slice(0, consts.length), ...xs.slice(consts.length + 1)]),
              ];
            },
          ),
          condConsts: 1,
          bodyConsts: consts.length,
        },
      );
      m.keep(results[0], 4);
      results.slice(1).forEach((v, i) => m.keep(v, carry[i].bound));
      return true;
    },
  },
];
