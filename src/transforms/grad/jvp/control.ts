/** Forward-mode rules of equations that hold programs: each program is differentiated and takes tangents beside values. */
import { fail } from "../../../diagnostics/error.js";
import { Builder } from "../../../ir/builder.js";
import { isFloat } from "../../../ir/dtype.js";
import type { ControlOps } from "../../../ir/ops/index.js";
import type { AnyEqn, Atom, Program } from "../../../ir/program.js";
import type { Rules } from "../../../ir/rules.js";
import { addAll, copyEqn, instantiate, type MaybeZero, strong } from "../emit.js";
import { count, fill, keep, split, withSignature } from "../programs.js";
import { failNotDifferentiable, type JvpKind, type JvpOut } from "./rule.js";

type Core = Program<"core">;

const nonzero = (tangents: readonly MaybeZero[]): boolean[] => tangents.map((t) => t !== null);
const present = (tangents: readonly MaybeZero[]): Atom[] => tangents.filter((t) => t !== null);
const floats = (atoms: readonly { readonly aval: Atom["aval"] }[]): boolean[] =>
  atoms.map((a) => isFloat(a.aval.dtype));

/** Results (outputs, tangents of those marked) as a rule returns them. */
function unpack(results: readonly Atom[], nonzeroOut: readonly boolean[]): JvpOut {
  const n = nonzeroOut.length;
  let next = n;
  return { primals: results.slice(0, n), tangents: nonzeroOut.map((nz) => (nz ? results[next++] : null)) };
}

/** Tangents for every float operand. */
function floatTangents(b: Builder, primals: readonly Atom[], tangents: readonly MaybeZero[]): Atom[] {
  return primals.flatMap((p, i) => (isFloat(p.aval.dtype) ? [instantiate(b, tangents[i], p.aval)] : []));
}

function noCaptureTangents(eqn: AnyEqn, name: string, captures: readonly MaybeZero[]): void {
  if (captures.every((t) => t === null)) return;
  fail("TW3004", `${name} has its own derivative rule and closes over a value that is being differentiated`, {
    span: eqn.span,
    help: "pass the value to the function as an argument, so that the rule can give its derivative",
  });
}

/** Carries that have a tangent: grows until the body maps it into itself. */
function carryFixpoint(first: readonly boolean[], step: (carry: readonly boolean[]) => readonly boolean[]): boolean[] {
  let carry = [...first];
  for (;;) {
    const out = step(carry);
    const next = carry.map((c, i) => c || out[i]);
    if (next.every((c, i) => c === carry[i])) return carry;
    carry = next;
  }
}

/** A program over (…inputs, …tangents) taken as one over groups of inputs, each followed by its own tangents. */
function interleave(
  p: Core,
  groups: readonly (readonly boolean[])[],
  outGroups: readonly (readonly boolean[])[],
): Core {
  const reorder = <T>(items: readonly T[], masks: readonly (readonly boolean[])[]): T[] => {
    const [values, dots] = split(items, masks.flat().length);
    let at = 0;
    let dot = 0;
    return masks.flatMap((mask) => {
      const run = [...values.slice(at, at + mask.length), ...dots.slice(dot, dot + count(mask))];
      at += mask.length;
      dot += count(mask);
      return run;
    });
  };
  return withSignature(p, reorder(p.inputs, groups), reorder(p.outputs, outGroups));
}

export const control = {
  cond: (b, primals, tangents, { branches }, _eqn, jvp) => {
    const [index, ...operands] = primals;
    const nz = nonzero(tangents.slice(1));
    const first = branches.map((p) => jvp(p, nz).nonzeroOut);
    const out = first[0].map((_, i) => first.some((o) => o[i]));
    const programs = branches.map((p) => jvp(p, nz, out).program);
    const results = b.emit("cond", [index, ...operands, ...present(tangents.slice(1))], { branches: programs });
    return unpack(results, out);
  },

  while: (b, primals, tangents, params, _eqn, jvp) => {
    const { cond, body, condConsts, bodyConsts } = params;
    const [condIn, bodyIn, init] = split(primals, condConsts, bodyConsts);
    const [, bodyDots, initDots] = split(tangents, condConsts, bodyConsts);
    const consts = nonzero(bodyDots);
    const carry = carryFixpoint(nonzero(initDots), (c) => jvp(body, [...consts, ...c]).nonzeroOut);
    const both = jvp(body, [...consts, ...carry], carry).program;
    const carryDots = init.flatMap((x, i) => (carry[i] ? [instantiate(b, initDots[i], x.aval)] : []));
    // the condition looks at values only; it takes the tangents and does not read them
    const test = new Builder();
    const testInputs = cond.inputs.map((v) => test.input(v.aval, v.name));
    for (const dot of carryDots) test.input(strong(dot.aval));
    const results = b.emit("while", [...condIn, ...bodyIn, ...present(bodyDots), ...init, ...carryDots], {
      cond: test.finish(test.inline(cond, testInputs), cond.name),
      body: interleave(both, [consts, carry], [carry]),
      condConsts,
      bodyConsts: bodyConsts + count(consts),
    });
    return unpack(results, carry);
  },

  scan: (b, primals, tangents, params, _eqn, jvp) => {
    const { body, numConsts, numCarry } = params;
    const [consts, init, xs] = split(primals, numConsts, numCarry);
    const [constDots, initDots, xDots] = split(tangents, numConsts, numCarry);
    const inputs = (carry: readonly boolean[]): boolean[] => [...nonzero(constDots), ...carry, ...nonzero(xDots)];
    const carry = carryFixpoint(nonzero(initDots), (c) => jvp(body, inputs(c)).nonzeroOut);
    const { program, nonzeroOut } = jvp(body, inputs(carry), [
      ...carry,
      ...fill(body.outputs.length - numCarry, false),
    ]);
    const ys = nonzeroOut.slice(numCarry);
    const carryDots = init.flatMap((x, i) => (carry[i] ? [instantiate(b, initDots[i], x.aval)] : []));
    const results = b.emit(
      "scan",
      [...consts, ...present(constDots), ...init, ...carryDots, ...xs, ...present(xDots)],
      {
        ...params,
        body: interleave(program, [nonzero(constDots), carry, nonzero(xDots)], [carry, ys]),
        numConsts: numConsts + count(nonzero(constDots)),
        numCarry: numCarry + count(carry),
      },
    );
    // results stand as (carry, its tangents, ys, their tangents)
    const [carryOut, carryOutDots, ysOut, ysDots] = split(results, numCarry, count(carry), ys.length);
    return unpack([...carryOut, ...ysOut, ...carryOutDots, ...ysDots], nonzeroOut);
  },

  call: (b, primals, tangents, { program, name }, _eqn, jvp) => {
    const both = jvp(program, nonzero(tangents));
    return unpack(
      b.emit("call", [...primals, ...present(tangents)], { program: both.program, name: `jvp(${name})` }),
      both.nonzeroOut,
    );
  },

  checkpoint: (b, primals, tangents, params, _eqn, jvp) => {
    const both = jvp(params.program, nonzero(tangents));
    return unpack(
      b.emit("checkpoint", [...primals, ...present(tangents)], { ...params, program: both.program }),
      both.nonzeroOut,
    );
  },

  custom_jvp_call: (b, primals, tangents, { primal, jvp: rule, numCaptures, name }, eqn) => {
    noCaptureTangents(eqn, name, tangents.slice(0, numCaptures));
    const dots = floatTangents(b, primals.slice(numCaptures), tangents.slice(numCaptures));
    const results = b.inline(rule.get(), [...primals, ...dots]);
    return unpack(results, floats(primal.outputs));
  },

  custom_vjp_call: (b, primals, tangents, { primal, forward, backward, numCaptures, name }, eqn) => {
    const [captures, args] = split(primals, numCaptures);
    noCaptureTangents(eqn, name, tangents.slice(0, numCaptures));
    const [outs, residuals] = split(b.inline(forward.get(), primals), primal.outputs.length);
    const dots = floatTangents(b, args, tangents.slice(numCaptures));
    const isFloatOut = floats(primal.outputs);
    const outDots = b.emit("custom_vjp_linear", [...captures, ...residuals, ...dots], {
      backward,
      numCaptures,
      numResiduals: residuals.length,
      outAvals: keep(outs, isFloatOut).map((o) => strong(o.aval)),
      name,
    });
    return unpack([...outs, ...outDots], isFloatOut);
  },

  // linear in its last operands; a derivative in the residuals would need the forward derivative that a vjp rule hides
  custom_vjp_linear: (b, primals, tangents, params, eqn) => {
    const fixed = params.numCaptures + params.numResiduals;
    if (tangents.slice(0, fixed).some((t) => t !== null)) {
      failNotDifferentiable(
        eqn,
        `forward mode goes through ${params.name}, which has only a rule for reverse mode`,
        "give the function a customJvp rule (reverse mode follows from it), or take reverse mode first: grad, jacrev",
      );
    }
    const dots = primals.map((p, i) => (i < fixed ? p : instantiate(b, tangents[i], p.aval)));
    return {
      primals: copyEqn(b, eqn, primals),
      tangents: b.emit("custom_vjp_linear", dots, params),
    };
  },

  // A x = b: A dx = db - dA x
  custom_linear_solve: (b, primals, tangents, params, eqn, jvp) => {
    const numConsts = params.counts.reduce((x, y) => x + y, 0);
    const consts = primals.slice(0, numConsts);
    const x = copyEqn(b, eqn, primals);
    const rhs: MaybeZero[] = tangents.slice(numConsts);
    const [matvecConsts] = split(consts, params.counts[0]);
    const [matvecDots] = split(tangents, params.counts[0]);
    if (matvecDots.some((t) => t !== null)) {
      const moved = jvp(params.matvec, [...nonzero(matvecDots), ...fill(x.length, false)]);
      const inlined = b.inline(moved.program, [...matvecConsts, ...x, ...present(matvecDots)]);
      const effect = unpack(inlined, moved.nonzeroOut).tangents;
      effect.forEach((e, i) => {
        rhs[i] = addAll(b, [rhs[i], e && b.neg(e)]);
      });
    }
    if (rhs.every((t) => t === null)) return { primals: x, tangents: x.map(() => null) };
    const dots = rhs.map((t, i) => instantiate(b, t, x[i].aval));
    return { primals: x, tangents: b.emit("custom_linear_solve", [...consts, ...dots], params) };
  },

  optimization_barrier: (b, primals, tangents, params, eqn) => {
    const dots = b.emit("optimization_barrier", present(tangents), params);
    return unpack([...copyEqn(b, eqn, primals), ...dots], nonzero(tangents));
  },

  // called once, with the values
  debug_callback: (b, primals, _tangents, _params, eqn) => {
    copyEqn(b, eqn, primals);
    return { primals: [], tangents: [] };
  },
} satisfies Rules<ControlOps, JvpKind>;
