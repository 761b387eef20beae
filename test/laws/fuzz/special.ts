/** Templates of the gamma family, of what goes by the floats' bits, and of functions with derivatives of their own. */
import { bitWidth, type DType, isFloat, isInt } from "../../../src/ir/dtype.js";
import { jvpProgram } from "../../../src/transforms/grad/index.js";
import type { ProgramMaker, Value } from "../fuzz-program.js";
import { apply, two } from "./elementwise.js";
import type { Template } from "./templates.js";

/** c + x² for |x| ≤ 2. */
function above(m: ProgramMaker, v: Value, c: number): Value {
  const { atom } = m.squash(v, 2);
  return { atom: m.b.add(m.b.mul(atom, atom), m.constant(atom.aval, c).atom), bound: 4 + c };
}

export const special: readonly Template[] = [
  {
    name: "acosh",
    weight: 0.1,
    make(m) {
      const x = m.float();
      return !!x && apply(m, "acosh", [above(m, x, 1.5)], 3);
    },
  },
  {
    name: "igamma, igammac",
    weight: 0.15,
    // without a second derivative in the first argument
    kinked: true,
    make(m) {
      const xy = two(m, (v) => isFloat(v.atom.aval.dtype), 2);
      if (!xy) return false;
      return apply(m, m.rng.pick(["igamma", "igammac"] as const), [above(m, xy[0], 0.5), above(m, xy[1], 0.5)], 1);
    },
  },
  {
    name: "zeta, polygamma, regularized_incomplete_beta",
    weight: 0.15,
    make(m) {
      const x = m.float();
      if (!x) return false;
      const whole = m.rng.int(1, 2);
      const constant = (c: number): Value => m.constant(x.atom.aval, c);
      switch (m.rng.int(0, 2)) {
        case 0:
          return apply(m, "zeta", [constant(1 + whole), above(m, x, 0.5)], 9);
        case 1:
          return apply(m, "polygamma", [constant(whole), above(m, x, 0.5)], 17);
        default: {
          const t = m.b.mul(m.b.op("tanh", x.atom), constant(0.4).atom);
          const inside = { atom: m.b.add(t, constant(0.5).atom), bound: 0.9 };
          return apply(m, "regularized_incomplete_beta", [constant(whole / 2), constant(1.5), inside], 1);
        }
      }
    },
  },
  {
    name: "is_finite",
    weight: 0.05,
    make(m) {
      const x = m.float();
      return !!x && apply(m, "is_finite", [x], 1);
    },
  },
  {
    name: "nextafter, reduce_precision",
    weight: 0.15,
    steps: true,
    make(m) {
      const xy = two(m, (v) => isFloat(v.atom.aval.dtype), 1e3);
      if (!xy) return false;
      if (m.rng.chance(0.5)) return apply(m, "nextafter", xy, Math.max(xy[0].bound, xy[1].bound) * 1.01);
      const bits = { exponentBits: m.rng.pick([5, 8]), mantissaBits: m.rng.int(2, 10) };
      return apply(m, "reduce_precision", [xy[0]], xy[0].bound * 1.5, bits);
    },
  },
  {
    name: "bits of integers as another integer",
    weight: 0.2,
    make(m) {
      const x = m.find((v) => isInt(v.atom.aval.dtype));
      if (!x) return false;
      const { dtype: from, shape } = x.atom.aval;
      const last = shape[shape.length - 1];
      const fits = (to: DType): boolean => {
        const ratio = bitWidth(to) / bitWidth(from);
        return ratio === 1 || (ratio < 1 && shape.length < 3) || (ratio > 1 && last === ratio);
      };
      const targets = m.options.ints.filter((to) => to !== from && fits(to));
      if (targets.length === 0) return false;
      return apply(m, "bitcast_convert_type", [x], Number.POSITIVE_INFINITY, { dtype: m.rng.pick(targets) });
    },
  },
  {
    name: "custom_jvp_call",
    weight: 0.3,
    nested: true,
    make(m) {
      const inputs = [m.float(), m.find(() => true)].filter((v): v is Value => v !== undefined);
      if (inputs.length === 0) return false;
      const { program, bounds } = m.nested("f", inputs, [], m.rng.int(1, 2));
      if (program.outputs.length === 0) return false;
      // its own derivative, but seen only through the rule
      const wrt = program.inputs.map((v) => isFloat(v.aval.dtype));
      const jvp = {
        name: "f_jvp",
        get: () =>
          jvpProgram(
            program,
            wrt,
            program.outputs.map((o) => isFloat(o.aval.dtype)),
          ).program,
      };
      m.b
        .emit(
          "custom_jvp_call",
          inputs.map((v) => v.atom),
          { primal: program, jvp, numCaptures: 0, name: "f" },
        )
        .forEach((v, i) => m.keep(v, bounds[i]));
      return true;
    },
  },
];
