/**
 * Loops that treat each row of their carries by itself, as a recurrent network does the examples of a batch: they are one loop for
 * each block of rows, and those loops do not depend on each other. Shared among threads they need one barrier for all steps
 * together, where the kernels of the steps need one each, and what a block's step makes its next step finds in the same cache.
 * The number of blocks follows from shapes alone, so results do not depend on threads.
 */
import { type Aval, aval } from "../../ir/aval.js";
import { isStatic, isStaticShape } from "../../ir/dim.js";
import type { ControlOps } from "../../ir/ops/index.js";
import { familyOf } from "../../ir/ops/families.js";
import { type AnyEqn, type Atom, isVar, type Program, Var } from "../../ir/program.js";
import { definitions, isPure, makeEqn } from "../../ir/rewrite.js";
import { prod } from "../../util/index.js";

/** Rows of a block: with fewer, weights are read for too little work. */
const LEAST_ROWS = 16;
const BLOCKS = [4, 2];
/** Rows above which the kernels of a step take long enough to be shared one by one, with taller tiles. */
const MOST_ROWS = 64;
/** Steps that are worth it. */
const STEPS = 8;
/** Multiplications in products of a step: where there are fewer, more calls cost more than barriers. */
const LEAST_WORK = 2 ** 17;

export interface RowBlocks {
  /** A step of one block. Its last inputs are the rows of constants. */
  readonly body: Program<"core">;
  readonly count: number;
  /** Which inputs of the body have rows. */
  readonly cut: readonly boolean[];
  /** The constants whose rows are inputs of their own. */
  readonly constants: readonly number[];
}

export function rowBlocks({ body, length, numConsts, numCarry }: ControlOps["scan"]): RowBlocks | null {
  const size = body.inputs[numConsts]?.aval.shape[0];
  if (numCarry === 0 || !isStatic(length) || length < STEPS || typeof size !== "number") return null;
  if (size > MOST_ROWS || workOf(body) < LEAST_WORK) return null;
  const count = BLOCKS.find((n) => size % n === 0 && size / n >= LEAST_ROWS);
  if (count === undefined) return null;
  const rows = new Rows(body, size, size / count, numConsts);
  const cut = body.inputs.map((v, i) => i >= numConsts && v.aval.shape[0] === size);
  if (!cut.slice(numConsts, numConsts + numCarry).every(Boolean)) return null;
  const block = rows.of(cut);
  return block && { body: block, count, cut, constants: rows.constants };
}

function workOf({ eqns }: Program<"core">): number {
  let work = 0;
  for (const e of eqns) {
    if (!e.outputs.every((v) => isStaticShape(v.aval.shape))) return 0;
    if (e.prim !== "dot_general") continue;
    const { shape } = e.inputs[0].aval;
    work += prod(e.outputs[0].aval.shape as number[]) * prod(e.params.lhsContract.map((i) => shape[i] as number));
  }
  return work;
}

/** A program over `size` rows, the first axis of what has any, as one over `less`. */
class Rows {
  readonly #made: ReadonlyMap<Var, AnyEqn>;
  readonly #block = new Map<Atom, Var>();
  /** Rows of constants, and of what is the same in all of them: the whole is there as well. */
  readonly #beside = new Map<Atom, Var>();
  readonly #eqns: AnyEqn[] = [];
  readonly constants: number[] = [];
  readonly #own: Var[] = [];
  constructor(
    readonly program: Program<"core">,
    readonly size: number,
    readonly less: number,
    readonly numConsts: number,
  ) {
    this.#made = definitions(program);
  }

  /** Null where rows meet, or may meet. */
  of(cut: readonly boolean[]): Program<"core"> | null {
    const { program } = this;
    const inputs = program.inputs.map((v, i) => {
      if (!cut[i]) return v;
      const block = new Var(this.#narrow(v.aval), v.name);
      this.#block.set(v, block);
      return block;
    });
    for (const e of program.eqns) {
      if (!isPure(e)) return null;
      const own = e.inputs.some((a) => this.#block.has(a)) ? this.#eqn(e) : e;
      if (!own) return null;
      this.#eqns.push(own);
      if (own !== e) e.outputs.forEach((v, i) => this.#block.set(v, own.outputs[i]));
    }
    const outputs = program.outputs.map((a) => this.#rowsOf(a));
    if (!outputs.every((a) => a !== null)) return null;
    return { ...program, inputs: [...inputs, ...this.#own], eqns: this.#eqns, outputs };
  }

  #narrow({ shape, dtype }: Aval): Aval {
    return aval([this.less, ...shape.slice(1)], dtype);
  }
  /** The rows of a value that has them, of a constant, or of what is the same in all. */
  #rowsOf(a: Atom): Atom | null {
    const known = this.#block.get(a) ?? this.#beside.get(a);
    if (known) return known;
    if (!isVar(a) || a.aval.shape.length === 0) return a;
    if (a.aval.shape[0] !== this.size) return null;
    const made = this.#made.get(a);
    const input = made ? -1 : this.program.inputs.indexOf(a);
    let own: Var;
    if (made?.prim === "broadcast_in_dim" && made.params.dims[0] !== 0) {
      const eqn = this.#broadcast(made);
      this.#eqns.push(eqn);
      [own] = eqn.outputs;
    } else if (input >= 0 && input < this.numConsts) {
      own = new Var(this.#narrow(a.aval), a.name);
      this.constants.push(input);
      this.#own.push(own);
    } else return null;
    this.#beside.set(a, own);
    return own;
  }
  #broadcast({ inputs, params: { shape, dims }, span }: Extract<AnyEqn, { prim: "broadcast_in_dim" }>): AnyEqn {
    const own = inputs.map((a) => this.#block.get(a) ?? a);
    return makeEqn("broadcast_in_dim", own, { shape: [this.less, ...shape.slice(1)], dims }, span);
  }

  /** The equation for fewer rows; null where it does more than what it does to each. */
  #eqn(e: AnyEqn): AnyEqn | null {
    const { size, less } = this;
    const [x, y] = e.inputs;
    /** With these parameters, where all operands have rows. */
    const same = (changed: object = {}, rowOperands = e.inputs.length): AnyEqn | null => {
      const inputs = e.inputs.map((a, i) => (i < rowOperands ? this.#rowsOf(a) : a));
      if (!inputs.every((a) => a !== null)) return null;
      return makeEqn(e.prim, inputs, { ...e.params, ...changed } as never, e.span);
    };
    switch (e.prim) {
      case "broadcast_in_dim":
        return e.params.dims[0] === 0 && e.params.shape[0] === size ? this.#broadcast(e) : null;
      case "reshape":
        return e.params.shape[0] === size ? same({ shape: [less, ...e.params.shape.slice(1)] }) : null;
      case "transpose":
        return e.params.perm[0] === 0 ? same() : null;
      case "slice": {
        const { start, limit, strides } = e.params;
        const whole = start[0] === 0 && limit[0] === size && strides[0] === 1;
        return whole ? same({ limit: [less, ...limit.slice(1)] }) : null;
      }
      case "pad":
        return [e.params.low, e.params.high, e.params.interior].every((n) => n[0] === 0) ? same({}, 1) : null;
      case "concatenate":
        return e.params.axis > 0 ? same() : null;
      case "reduce_sum":
      case "reduce_max":
      case "reduce_min":
        return e.params.axes[0] > 0 ? same() : null;
      case "dot_general": {
        const { lhsContract, lhsBatch, rhsBatch } = e.params;
        // the rows are the first axis of the result: of both sides, or the first free one of the left
        if (lhsBatch.length > 0) return lhsBatch[0] === 0 && rhsBatch[0] === 0 ? same() : null;
        return this.#block.has(x) && !this.#block.has(y) && !lhsContract.includes(0) ? same({}, 1) : null;
      }
      default:
        return familyOf(e.prim) === "elementwise" ? same() : null;
    }
  }
}
