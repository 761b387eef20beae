/** Products inside of loops that are one large product outside: each step alone is too narrow to be fast. */
import type { Aval } from "../../ir/aval.js";
import { type AnyEqn, type Atom, type Eqn, isVar, type Program, type Var } from "../../ir/program.js";
import { hintOf, mostLikely } from "../../ir/size.js";
import { on, type RewriteContext } from "../rule.js";
import { prod } from "../../util/index.js";

type Scan = Eqn<"scan">;
type Dot = Eqn<"dot_general">;

/** Elements that may be kept for all steps of a loop, so that a product can wait for them. */
const MOST_STACKED = 2 ** 25;
/** Products fewer than this are cheap wherever they are. */
const FEW_PRODUCTS = 4096;
/** Rows from which a product is as fast by itself. */
const MANY_ROWS = 64;

/** Elements at the sizes at hand, and as many as there may be. */
function sizeOf({ shape }: Aval): number {
  return prod(shape.map(hintOf));
}
function mostOf({ shape }: Aval): number {
  return prod(shape.map(mostLikely));
}
/** What is stacked for all steps. */
function isStackable(eqn: Scan, list: readonly Aval[]): boolean {
  return mostLikely(eqn.params.length) * list.reduce((n, a) => n + mostOf(a), 0) <= MOST_STACKED;
}
/** How often each variable is read, results of the program included. */
function countUses(program: Program<"core">): Map<Var, number> {
  const uses = new Map<Var, number>();
  const use = (a: Atom): void => {
    if (isVar(a)) uses.set(a, (uses.get(a) ?? 0) + 1);
  };
  for (const e of program.eqns) e.inputs.forEach(use);
  program.outputs.forEach(use);
  return uses;
}
const shifted = (axes: readonly number[]): number[] => axes.map((a) => a + 1);

/** Is this worth being one product of all rows of xs, one after the other? */
function isNarrow(dot: Dot, eqn: Scan): boolean {
  const [result] = dot.outputs;
  const [x, out] = [sizeOf(dot.inputs[0].aval), sizeOf(result.aval)];
  if (dot.params.lhsBatch.length > 0) return false;
  const depth = prod(dot.params.lhsContract.map((i) => hintOf(dot.inputs[0].aval.shape[i])));
  return (
    x / Math.max(depth, 1) < MANY_ROWS && out * depth >= FEW_PRODUCTS && out <= 8 * x && isStackable(eqn, [result.aval])
  );
}

interface Sum {
  readonly carry: number;
  readonly dot: Dot;
  readonly add: AnyEqn;
}
/** Carries that only sum up products: c ← c + a·b, read by nothing else. */
function sumsOfProducts(eqn: Scan): Sum[] {
  const { body, numConsts, numCarry } = eqn.params;
  const uses = countUses(body);
  const made = new Map<Atom, AnyEqn>(body.eqns.flatMap((e) => e.outputs.map((v): [Atom, AnyEqn] => [v, e])));
  const constants = new Set<Atom>(body.inputs.slice(0, numConsts));
  const once = (a: Atom): boolean => isVar(a) && uses.get(a) === 1;
  const sums: Sum[] = [];
  for (let carry = 0; carry < numCarry; carry++) {
    const old = body.inputs[numConsts + carry];
    const result = body.outputs[carry];
    const add = made.get(result);
    if (add?.prim !== "add" || !once(result) || !once(old)) continue;
    const other = add.inputs[0] === old ? add.inputs[1] : add.inputs[1] === old ? add.inputs[0] : undefined;
    const dot = other && made.get(other);
    if (!other || dot?.prim !== "dot_general" || !once(other)) continue;
    if (dot.inputs.some((a) => !isVar(a) || constants.has(a))) continue;
    sums.push({ carry, dot, add });
  }
  return sums;
}

/** The stacked values of a variable of the body: an operand of the scan, or a result that it gets. */
class Stacked {
  readonly #xs: ReadonlyMap<Atom, Atom>;
  readonly added: Var[] = [];
  constructor(eqn: Scan) {
    const { body, numConsts, numCarry } = eqn.params;
    const from = numConsts + numCarry;
    this.#xs = new Map(body.inputs.slice(from).map((v, i): [Atom, Atom] => [v, eqn.inputs[from + i]]));
  }
  want(a: Atom): void {
    if (isVar(a) && !this.#xs.has(a) && !this.added.includes(a)) this.added.push(a);
  }
  of(a: Atom, results: readonly Atom[]): Atom {
    return this.#xs.get(a) ?? results[this.added.indexOf(a as Var)];
  }
}

export const loopProducts = {
  "ys that are rows of xs": on("scan", (r, eqn) => {
    const { body, numConsts, numCarry } = eqn.params;
    const from = numConsts + numCarry;
    const rows = new Map<Atom, Atom>(body.inputs.slice(from).map((v, i) => [v, eqn.inputs[from + i]]));
    const ys = body.outputs.slice(numCarry);
    if (!ys.some((y) => rows.has(y))) return undefined;
    const results = r.emitAll("scan", eqn.inputs, {
      ...eqn.params,
      body: { ...body, outputs: [...body.outputs.slice(0, numCarry), ...ys.filter((y) => !rows.has(y))] },
    });
    let next = numCarry;
    return [...results.slice(0, numCarry), ...ys.map((y) => rows.get(y) ?? results[next++])];
  }),
  "products of rows of xs": on("scan", (r, eqn) => {
    const { body, numConsts, numCarry } = eqn.params;
    const from = numConsts + numCarry;
    const constants = new Map<Atom, Atom>(body.inputs.slice(0, numConsts).map((v, i) => [v, eqn.inputs[i]]));
    const rows = new Map<Atom, Atom>(body.inputs.slice(from).map((v, i) => [v, eqn.inputs[from + i]]));
    const found = body.eqns.filter(
      (e): e is Dot & AnyEqn =>
        e.prim === "dot_general" && rows.has(e.inputs[0]) && constants.has(e.inputs[1]) && isNarrow(e, eqn),
    );
    if (found.length === 0 || hintOf(eqn.params.length) < 2) return undefined;
    const products = found.map((e) =>
      r.emit("dot_general", [rows.get(e.inputs[0]) as Atom, constants.get(e.inputs[1]) as Atom], {
        ...e.params,
        lhsContract: shifted(e.params.lhsContract),
      }),
    );
    return r.emitAll("scan", [...eqn.inputs, ...products], {
      ...eqn.params,
      body: {
        ...body,
        inputs: [...body.inputs, ...found.map((e) => e.outputs[0])],
        eqns: body.eqns.filter((e) => !found.includes(e as Dot & AnyEqn)),
      },
    });
  }),
  "sums of products over the steps": on("scan", (r, eqn) => {
    const { body, numConsts, numCarry } = eqn.params;
    // blocks of kernels are read where they are used: the schedule makes the loop one contraction, and keeps none
    if (body.eqns.some((e) => e.prim === "load")) return undefined;
    const stacked = new Stacked(eqn);
    const sums = sumsOfProducts(eqn).filter(({ dot }) => {
      const kept = new Stacked(eqn);
      dot.inputs.forEach((a) => kept.want(a));
      const avals = kept.added.map((v) => v.aval);
      return avals.reduce((n, a) => n + sizeOf(a), 0) <= sizeOf(dot.outputs[0].aval) && isStackable(eqn, avals);
    });
    if (sums.length === 0 || hintOf(eqn.params.length) < 2) return undefined;
    for (const { dot } of sums) dot.inputs.forEach((a) => stacked.want(a));
    const gone = new Set<AnyEqn>(sums.flatMap(({ dot, add }) => [dot as unknown as AnyEqn, add]));
    const removed = new Map(sums.map((s) => [s.carry, s]));
    const left = <T>(list: readonly T[], start: number): T[] => list.filter((_, i) => !removed.has(i - start));
    const results = r.emitAll("scan", left(eqn.inputs, numConsts), {
      ...eqn.params,
      body: {
        ...body,
        inputs: left(body.inputs, numConsts),
        eqns: body.eqns.filter((e) => !gone.has(e)),
        outputs: [...left(body.outputs, 0), ...stacked.added],
      },
      numCarry: numCarry - sums.length,
    });
    const own = results.length - stacked.added.length;
    const extra = results.slice(own);
    let next = 0;
    return body.outputs.map((_, i) => {
      const sum = removed.get(i);
      return sum ? total(r, eqn, sum, stacked, extra) : results[next++];
    });
  }),
};

/** The first value and all products of the steps: the steps are one more axis to contract. */
function total(r: RewriteContext, eqn: Scan, { carry, dot }: Sum, stacked: Stacked, extra: readonly Atom[]): Atom {
  const { lhsContract, rhsContract, lhsBatch, rhsBatch } = dot.params;
  const [a, b] = dot.inputs.map((x) => stacked.of(x, extra));
  const product = r.emit("dot_general", [a, b], {
    ...dot.params,
    lhsContract: [0, ...shifted(lhsContract)],
    rhsContract: [0, ...shifted(rhsContract)],
    lhsBatch: shifted(lhsBatch),
    rhsBatch: shifted(rhsBatch),
  });
  return r.emit("add", [eqn.inputs[eqn.params.numConsts + carry], product], {});
}
