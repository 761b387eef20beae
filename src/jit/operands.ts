/** Which inputs of a program contractions read: what may be worth a copy that is kept from call to call. */
import { dimProduct, isStatic } from "../ir/dim.js";
import { type AnyEqn, isVar, type Program, type Var } from "../ir/program.js";

/** An operand of fewer elements is packed in no time. */
const LARGE = 2 ** 14;
/** What a contraction reads as it lies, or while it packs. */
const VIEWS: ReadonlySet<string> = new Set(["transpose", "reshape", "convert_element_type", "stop_gradient"]);

/** Positions of large inputs that are operands of contractions, loops included, and their elements; not those given away. */
export function largeOperands(
  program: Program<"core">,
  donated: readonly number[],
): readonly (readonly [number, number])[] {
  if (program.effects.length > 0) return [];
  const read = new Set<Var>();
  markOperands(program, read);
  return program.inputs.flatMap((v, i) => {
    const size = dimProduct(v.aval.shape);
    return read.has(v) && isStatic(size) && size >= LARGE && !donated.includes(i) ? [[i, size] as const] : [];
  });
}

/** Adds the inputs of `program` that a contraction in it reads. */
function markOperands(program: Program<"core">, read: Set<Var>): void {
  const source = new Map<Var, Var>(program.inputs.map((v) => [v, v]));
  const mark = (eqn: AnyEqn, i: number): void => {
    const a = eqn.inputs[i];
    const from = isVar(a) ? source.get(a) : undefined;
    if (from) read.add(from);
  };
  const ofBody = (eqn: AnyEqn, body: Program<"core">, consts: number, at: number): void => {
    const inside = new Set<Var>();
    markOperands(body, inside);
    for (let i = 0; i < consts; i++) if (inside.has(body.inputs[i])) mark(eqn, at + i);
  };
  for (const eqn of program.eqns) {
    if (VIEWS.has(eqn.prim)) {
      const [a] = eqn.inputs;
      const from = isVar(a) ? source.get(a) : undefined;
      if (from) source.set(eqn.outputs[0], from);
      continue;
    }
    switch (eqn.prim) {
      case "dot_general":
      case "conv_general_dilated":
        mark(eqn, 0);
        mark(eqn, 1);
        break;
      case "scan":
        ofBody(eqn, eqn.params.body, eqn.params.numConsts, 0);
        break;
      case "while":
        ofBody(eqn, eqn.params.body, eqn.params.bodyConsts, eqn.params.condConsts);
        break;
      case "call":
        ofBody(eqn, eqn.params.program, eqn.inputs.length, 0);
        break;
      default:
    }
  }
}
