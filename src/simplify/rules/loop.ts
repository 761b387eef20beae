/** Loops: what does not change from step to step leaves them. */
import { isStatic } from "../../ir/dim.js";
import { isWide } from "../../ir/dtype.js";
import type { Atom, Eqn, Program } from "../../ir/program.js";
import { type Invariant, invariant } from "../hoist.js";
import { on, type RewriteContext } from "../rule.js";
import { range } from "../../util/index.js";

type Core = Program<"core">;
type Scan = Eqn<"scan">;

/** Operands and results of a scan by what they are. */
function parts({ inputs, params }: Scan) {
  const { numConsts, numCarry } = params;
  return {
    consts: inputs.slice(0, numConsts),
    carry: inputs.slice(numConsts, numConsts + numCarry),
    xs: inputs.slice(numConsts + numCarry),
  };
}
const move = <T>(list: readonly T[], order: readonly number[]): T[] => order.map((i) => list[i]);

/** The body's invariant equations computed outside, and the body without them. */
function hoist(
  r: RewriteContext,
  body: Core,
  found: Invariant,
  consts: readonly Atom[],
): { body: Core; values: readonly Atom[] } {
  const outside: Core = {
    phase: "core",
    name: body.name,
    inputs: body.inputs.slice(0, consts.length),
    eqns: found.eqns,
    outputs: found.wanted,
    effects: [],
  };
  return { body: found.rest, values: r.inline(outside, consts) };
}

export const loop = {
  "scan of no steps": on("scan", (r, eqn) => {
    if (eqn.params.length !== 0) return undefined;
    const { carry } = parts(eqn);
    const ys = eqn.outputs.slice(carry.length);
    if (ys.some((y) => y.aval.dtype === "key")) return undefined;
    const zero = ({ aval: { dtype } }: { aval: Atom["aval"] }) => (dtype === "bool" ? false : isWide(dtype) ? 0n : 0);
    return [...carry, ...ys.map((y) => r.splat(y.aval, zero(y)))];
  }),
  "scan of one step": on("scan", (r, eqn) => {
    if (eqn.params.length !== 1) return undefined;
    const { consts, carry, xs } = parts(eqn);
    const first = xs.map((x) => r.emit("reshape", [x], { shape: x.aval.shape.slice(1) }));
    const results = r.inline(eqn.params.body, [...consts, ...carry, ...first]);
    return results.map((y, i) => (i < carry.length ? y : r.emit("reshape", [y], { shape: [1, ...y.aval.shape] })));
  }),
  "carry that stays what it is": on("scan", (r, eqn) => {
    const { body, numConsts, numCarry } = eqn.params;
    const stays = (i: number): boolean => body.outputs[i] === body.inputs[numConsts + i];
    const order = range(numCarry);
    const [fixed, moving] = [order.filter(stays), order.filter((i) => !stays(i))];
    if (fixed.length === 0) return undefined;
    const { consts, carry, xs } = parts(eqn);
    const inputs = [...consts, ...move(carry, fixed), ...move(carry, moving), ...xs];
    const vars = body.inputs.slice(numConsts, numConsts + numCarry);
    const results = r.emitAll("scan", inputs, {
      ...eqn.params,
      body: {
        ...body,
        inputs: [
          ...body.inputs.slice(0, numConsts),
          ...move(vars, fixed),
          ...move(vars, moving),
          ...body.inputs.slice(numConsts + numCarry),
        ],
        outputs: [...move(body.outputs, moving), ...body.outputs.slice(numCarry)],
      },
      numConsts: numConsts + fixed.length,
      numCarry: moving.length,
    });
    return [...carry.map((c, i) => (stays(i) ? c : results[moving.indexOf(i)])), ...results.slice(moving.length)];
  }),
  "xs of equal rows": on("scan", (r, eqn) => {
    const { consts, carry, xs } = parts(eqn);
    const rows = xs.map((x) => {
      const made = r.made(x, "broadcast_in_dim");
      if (!made) return undefined;
      const { shape, dims } = made.params;
      if (dims.includes(0) && made.inputs[0].aval.shape[dims.indexOf(0)] !== 1) return undefined;
      const [source] = made.inputs;
      const row = dims[0] === 0 ? r.emit("reshape", [source], { shape: source.aval.shape.slice(1) }) : source;
      return r.emit("broadcast_in_dim", [row], {
        shape: shape.slice(1),
        dims: dims.filter((d) => d > 0).map((d) => d - 1),
      });
    });
    const order = [...xs.keys()];
    const [equal, varying] = [order.filter((i) => rows[i]), order.filter((i) => !rows[i])];
    if (equal.length === 0) return undefined;
    const { body, numConsts, numCarry } = eqn.params;
    const ofXs = body.inputs.slice(numConsts + numCarry);
    return r.emitAll("scan", [...consts, ...(move(rows, equal) as Atom[]), ...carry, ...move(xs, varying)], {
      ...eqn.params,
      body: {
        ...body,
        inputs: [
          ...body.inputs.slice(0, numConsts),
          ...move(ofXs, equal),
          ...body.inputs.slice(numConsts, numConsts + numCarry),
          ...move(ofXs, varying),
        ],
      },
      numConsts: numConsts + equal.length,
    });
  }),
  "ys of equal rows": on("scan", (r, eqn) => {
    const { body, numConsts, numCarry, length } = eqn.params;
    if (!isStatic(length)) return undefined;
    const { consts, carry } = parts(eqn);
    const given = new Map(body.inputs.slice(0, numConsts).map((v, i) => [v as Atom, consts[i]]));
    const row = (y: Atom): Atom | undefined => (y.kind === "literal" ? y : given.get(y));
    const ys = body.outputs.slice(numCarry);
    if (!ys.some(row)) return undefined;
    const results = r.emitAll("scan", eqn.inputs, {
      ...eqn.params,
      body: { ...body, outputs: [...body.outputs.slice(0, numCarry), ...ys.filter((y) => !row(y))] },
    });
    let next = carry.length;
    return [
      ...results.slice(0, carry.length),
      ...ys.map((y) => {
        const fixed = row(y);
        if (!fixed) return results[next++];
        const { shape } = fixed.aval;
        return r.emit("broadcast_in_dim", [fixed], { shape: [length, ...shape], dims: shape.map((_, i) => i + 1) });
      }),
    ];
  }),
  "invariants of a scan": on("scan", (r, eqn) => {
    const { body, numConsts } = eqn.params;
    const found = invariant(body, numConsts, true);
    if (!found) return undefined;
    const { consts, carry, xs } = parts(eqn);
    const { body: rest, values } = hoist(r, body, found, consts);
    return r.emitAll("scan", [...consts, ...values, ...carry, ...xs], {
      ...eqn.params,
      body: rest,
      numConsts: numConsts + values.length,
    });
  }),
  "carry of a while that stays what it is": on("while", (r, { inputs, params }) => {
    const { cond, body, condConsts, bodyConsts } = params;
    const carry = inputs.slice(condConsts + bodyConsts);
    const stays = (i: number): boolean => body.outputs[i] === body.inputs[bodyConsts + i];
    const order = [...carry.keys()];
    const [fixed, moving] = [order.filter(stays), order.filter((i) => !stays(i))];
    if (fixed.length === 0) return undefined;
    const reorder = (p: Core, consts: number): Core => {
      const vars = p.inputs.slice(consts);
      return { ...p, inputs: [...p.inputs.slice(0, consts), ...move(vars, fixed), ...move(vars, moving)] };
    };
    const results = r.emitAll(
      "while",
      [
        ...inputs.slice(0, condConsts),
        ...move(carry, fixed),
        ...inputs.slice(condConsts, condConsts + bodyConsts),
        ...move(carry, fixed),
        ...move(carry, moving),
      ],
      {
        cond: reorder(cond, condConsts),
        body: { ...reorder(body, bodyConsts), outputs: move(body.outputs, moving) },
        condConsts: condConsts + fixed.length,
        bodyConsts: bodyConsts + fixed.length,
      },
    );
    return carry.map((c, i) => (stays(i) ? c : results[moving.indexOf(i)]));
  }),
  "invariants of a while": on("while", (r, { inputs, params }) => {
    const { cond, body, condConsts, bodyConsts } = params;
    // the body may never run, so nothing that could run for long is moved in front of it
    const [ofCond, ofBody] = [invariant(cond, condConsts, false), invariant(body, bodyConsts, false)];
    if (!ofCond && !ofBody) return undefined;
    const tests = inputs.slice(0, condConsts);
    const steps = inputs.slice(condConsts, condConsts + bodyConsts);
    const test = ofCond ? hoist(r, cond, ofCond, tests) : { body: cond, values: [] };
    const step = ofBody ? hoist(r, body, ofBody, steps) : { body, values: [] };
    return r.emitAll(
      "while",
      [...tests, ...test.values, ...steps, ...step.values, ...inputs.slice(condConsts + bodyConsts)],
      {
        cond: test.body,
        body: step.body,
        condConsts: condConsts + test.values.length,
        bodyConsts: bodyConsts + step.values.length,
      },
    );
  }),
};
