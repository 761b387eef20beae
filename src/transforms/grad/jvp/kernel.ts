/** Forward mode of kernels: the body takes tangents beside values, references to tangents beside references. */
import { isFloat } from "../../../ir/dtype.js";
import type { Builder } from "../../../ir/builder.js";
import type { KernelOps } from "../../../ir/ops/index.js";
import type { Atom } from "../../../ir/program.js";
import type { Rules } from "../../../ir/rules.js";
import { copyEqn, instantiate, type MaybeZero, strong, zeros } from "../emit.js";
import { count, fill, split, withSignature } from "../programs.js";
import { winners } from "../kernel/extremum.js";
import { withSoftmax } from "../kernel/softmax.js";
import {
  failNotDifferentiable,
  type JvpKind,
  type JvpOut,
  type JvpProgram,
  notDifferentiable,
  zeroTangent,
} from "./rule.js";

const present = (tangents: readonly MaybeZero[]): Atom[] => tangents.filter((t) => t !== null);
const nonzero = (tangents: readonly MaybeZero[]): boolean[] => tangents.map((t) => t !== null);

/** The tangent of a reference that has none yet. What is not defined has a tangent that is not either. */
function tangentRef(b: Builder, ref: Atom, t: MaybeZero): Atom {
  if (t !== null) return t;
  const made = b.eqns.find((e) => e.outputs.some((v) => v === ref));
  return made?.prim === "empty" ? b.emit1("empty", [], made.params) : zeros(b, ref.aval);
}

/** Calls whose outs are atomic maxima or minima. */
function winnersOf(
  b: Builder,
  primals: readonly Atom[],
  tangents: readonly MaybeZero[],
  params: KernelOps["kernel_call"],
  jvp: JvpProgram,
): JvpOut | null {
  const extrema = params.body.eqns.some((e) => e.prim === "atomic" && (e.params.op === "max" || e.params.op === "min"));
  const results = extrema ? b.emit("kernel_call", primals, params) : [];
  const program = extrema ? winners(params, primals, results) : null;
  if (!program) return null;
  const { program: both, nonzeroOut } = jvp(program, [...nonzero(tangents), ...fill(results.length, false)]);
  const dots = b.inline(both, [...primals, ...results, ...present(tangents)]).slice(results.length);
  let next = 0;
  return { primals: results, tangents: nonzeroOut.map((o) => (o ? dots[next++] : null)) };
}

export const kernel = {
  kernel_call: (b, primals, tangents, params, _eqn, jvp) => {
    const done = winnersOf(b, primals, tangents, params, jvp);
    if (done) return done;
    const { grid, inits } = params;
    const body = withSoftmax(params.body);
    const [reads, starts] = split(primals, primals.length - count(inits));
    const [readDots, startDots] = split(tangents, reads.length);
    let next = 0;
    const initOf = inits.map((given) => (given ? next++ : -1));
    const ids = fill(grid.length, false);
    // outs that have a tangent: grows until a program maps it into itself
    let outs = initOf.map((i) => i >= 0 && startDots[i] !== null);
    for (;;) {
      const { nonzeroOut } = jvp(body, [...nonzero(readDots), ...ids, ...outs]);
      const more = outs.map((o, k) => o || nonzeroOut[k]);
      if (more.every((o, k) => o === outs[k])) break;
      outs = more;
    }
    if (!outs.includes(true))
      return { primals: b.emit("kernel_call", primals, params), tangents: outs.map(() => null) };
    const { program } = jvp(body, [...nonzero(readDots), ...ids, ...outs], outs);
    const [ofReads, ofIds, ofOuts, ofReadDots, ofOutDots] = split(
      program.inputs,
      reads.length,
      grid.length,
      outs.length,
      present(readDots).length,
    );
    const both = withSignature(
      program,
      [...ofReads, ...ofReadDots, ...ofIds, ...ofOuts, ...ofOutDots],
      program.outputs,
    );
    const dotStarts = initOf.flatMap((i, k) =>
      outs[k] && i >= 0 ? [instantiate(b, startDots[i], strong(starts[i].aval))] : [],
    );
    const results = b.emit("kernel_call", [...reads, ...present(readDots), ...starts, ...dotStarts], {
      ...params,
      body: both,
      inits: [...inits, ...inits.filter((_, k) => outs[k])],
      name: `jvp(${params.name})`,
    });
    const dots = results.slice(outs.length);
    next = 0;
    return { primals: results.slice(0, outs.length), tangents: outs.map((o) => (o ? dots[next++] : null)) };
  },

  load: (b, primals, tangents, { masked, other }, eqn) => {
    const [y] = copyEqn(b, eqn, primals);
    const [t] = tangents;
    const rest = primals.slice(1, other ? -1 : undefined);
    const read = t && b.emit1("load", [t, ...rest], { masked, other: false });
    const otherwise = other ? tangents[tangents.length - 1] : null;
    if (otherwise === null || !masked) return { primals: [y], tangents: [read] };
    const spread = b.broadcast(otherwise, y.aval.shape, []);
    return { primals: [y], tangents: [b.select(rest[rest.length - 1], read ?? b.fullLike(spread, 0), spread)] };
  },
  store: (b, primals, tangents, params, eqn) => {
    const [ref, value, ...rest] = primals;
    const [tr, tv] = tangents;
    const to = tangentRef(b, ref, tr);
    const stored = b.emit1("store", [to, instantiate(b, tv, value.aval), ...rest], params);
    return { primals: copyEqn(b, eqn, primals), tangents: [stored] };
  },
  atomic: (b, primals, tangents, params, eqn) => {
    const outs = copyEqn(b, eqn, primals);
    if (!isFloat(primals[0].aval.dtype)) return { primals: outs, tangents: [null, null] };
    if (params.op !== "add") {
      failNotDifferentiable(
        eqn,
        `atomic ${params.op}: which program comes last or first decides`,
        "wrap the value in stopGradient if no derivative should flow here, or give the kernel a customVjp rule",
      );
    }
    const [ref, value, ...rest] = primals;
    const [tr, tv] = tangents;
    const to = tangentRef(b, ref, tr);
    return { primals: outs, tangents: b.emit("atomic", [to, instantiate(b, tv, value.aval), ...rest], params) };
  },
  atomic_cas: notDifferentiable("whether a value is replaced depends on the order of programs"),
  empty: zeroTangent("it has no operands"),
} satisfies Rules<KernelOps, JvpKind>;
