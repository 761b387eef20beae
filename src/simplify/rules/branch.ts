/** Branches whose predicate is known, and operands that branches and loops need not be given. */
import { on } from "../rule.js";
import { bindInputs, type Known, knownInputs } from "../specialise.js";

export const branch = {
  "cond with a known index": on("cond", (r, { inputs: [index, ...operands], params: { branches } }) => {
    const c = r.constant(index);
    if (c === undefined) return undefined;
    const i = Math.min(Math.max(Number(c), 0), branches.length - 1);
    return r.inline(branches[i], operands);
  }),
  "cond with known operands": on("cond", (r, { inputs: [index, ...operands], params: { branches } }) => {
    const known = knownInputs(r, operands, operands.length);
    if (!known) return undefined;
    const left = operands.filter((_, i) => known[i] === undefined);
    return r.emitAll("cond", [index, ...left], { branches: branches.map((b) => bindInputs(b, known)) });
  }),
  "scan with known operands": on("scan", (r, { inputs, params }) => {
    const known = knownInputs(r, inputs, params.numConsts);
    if (!known) return undefined;
    const all: Known[] = inputs.map((_, i) => known[i]);
    return r.emitAll(
      "scan",
      inputs.filter((_, i) => all[i] === undefined),
      {
        ...params,
        body: bindInputs(params.body, all),
        numConsts: params.numConsts - known.filter((k) => k !== undefined).length,
      },
    );
  }),
  "while with known operands": on("while", (r, { inputs, params }) => {
    const { cond, body, condConsts, bodyConsts } = params;
    const ofCond = inputs.slice(0, condConsts);
    const ofBody = inputs.slice(condConsts, condConsts + bodyConsts);
    const carry = inputs.slice(condConsts + bodyConsts);
    const [test, step] = [knownInputs(r, ofCond, condConsts), knownInputs(r, ofBody, bodyConsts)];
    if (!test && !step) return undefined;
    const left = (list: typeof inputs, known: readonly Known[] | undefined) =>
      known ? list.filter((_, i) => known[i] === undefined) : list;
    const [condLeft, bodyLeft] = [left(ofCond, test), left(ofBody, step)];
    return r.emitAll("while", [...condLeft, ...bodyLeft, ...carry], {
      cond: test ? bindInputs(cond, [...test, ...carry.map(() => undefined)]) : cond,
      body: step ? bindInputs(body, [...step, ...carry.map(() => undefined)]) : body,
      condConsts: condLeft.length,
      bodyConsts: bodyLeft.length,
    });
  }),
};
