/** Blocks in kernels: loads are index expressions, fused with what computes with them; stores are nests over their blocks. */
import type { KernelOps } from "../../ir/ops/index.js";
import type { Atom } from "../../ir/program.js";
import type { Rules } from "../../ir/rules.js";
import { internal } from "../../diagnostics/error.js";
import type { Expander, Pos } from "./expand.js";
import type { Node } from "./node.js";
import type { Part } from "./kernel-context.js";
import { dimsOf, type EqnOf, type KernelRule, point, type ScheduleKind } from "./rule.js";
import { zeroOf } from "./rewrite.js";

interface Access {
  readonly offset: Pos;
  readonly mask: Node | null;
}
/** Where an access goes at a position of its block. */
function access(x: Expander, ref: Atom, rest: readonly Atom[], masked: boolean, pos: Pos): Access {
  const shape = dimsOf(ref);
  const index = x.indices(rest.slice(0, shape.length), pos);
  return { offset: x.at(shape, index), mask: masked ? x.value(rest[shape.length], pos) : null };
}

type Stored = { readonly masked: boolean };
type Combine<P> = (x: Expander, eqn: EqnOf<P>, old: Node, value: Node) => Node;

/** Writes a block to its places; `combine`: with what stands there. */
function written<P extends Stored>(options: Pick<KernelRule<P>, "combine" | "oneByOne"> = {}): KernelRule<P> {
  const combine: Combine<P> | undefined = options.combine;
  const place = (x: Expander, eqn: EqnOf<P>, pos: Pos) => {
    const [ref, , ...rest] = eqn.inputs;
    const { offset, mask } = access(x, ref, rest, eqn.params.masked, pos);
    return { offset: x.flat(offset), guard: mask };
  };
  return {
    ...options,
    kind: "kernel",
    inlines: (eqn) => eqn.inputs.map((_, i) => i > 1),
    place,
    lower(k, eqn) {
      const [ref, value] = eqn.inputs;
      const dims = dimsOf(value);
      const out = k.out(eqn.outputs[0]);
      const from = k.buffer(ref);
      if (from.value !== out.value) k.startFrom(out, from);
      if (dims.includes(0)) return;
      const p: Part = {
        dims,
        into: out,
        serial: options.oneByOne?.(eqn) === true,
        write(x, index) {
          const pos = x.at(dims, index);
          const at = place(x, eqn, pos);
          const node = x.value(value, pos);
          return { ...at, value: combine ? combine(x, eqn, x.loadAnew(out, at.offset, at.guard, index), node) : node };
        },
      };
      k.parts(eqn.prim, [p]);
    },
  };
}

/** The value of an atomic operation where nothing else touches the element at the same time. */
const atomic: KernelRule<KernelOps["atomic"]> = written<KernelOps["atomic"]>({
  combine(x, { params: { op, meet } }, old, value) {
    if (meet === undefined) internal("atomic: the programs of a kernel that has them run in turn");
    const { dtype } = value;
    if (op === "xchg") return value;
    if (dtype !== "bool") return x.op(op, [old, value], dtype);
    return x.op(op === "add" || op === "max" ? "or" : op === "min" ? "and" : op, [old, value], dtype);
  },
  oneByOne: ({ params }) => params.meet !== "none",
});

export const kernel = {
  kernel_call: { kind: "structured" },
  load: point<KernelOps["load"]>(2, (x, eqn, _output, pos, guard) => {
    const [ref, ...rest] = eqn.inputs;
    const { masked, other } = eqn.params;
    const at = access(x, ref, rest, masked, pos);
    const value = x.value(ref, at.offset, x.and(guard, at.mask));
    if (!masked || at.mask === null) return value;
    // guarded memory reads as 0; what has rank 0 may be a constant or a value that is made here, which no guard covers
    const zero = x.constant(zeroOf(value.dtype), value.dtype);
    const otherwise = other ? x.scalar(rest[rest.length - 1]) : zero;
    if (otherwise === zero && dimsOf(ref).length > 0) return value;
    return x.op("select", [at.mask, value, otherwise], value.dtype);
  }),
  store: written<KernelOps["store"]>(),
  atomic,
  atomic_cas: { kind: "refused", code: "TW4001", reason: "atomics do not compile yet" },
  empty: { kind: "kernel", lower: () => {} },
} satisfies Rules<KernelOps, ScheduleKind>;
