/**
 * What is surely wrong with a kernel, before it runs: an index out of its array for some lane of some program, lanes of one store that
 * meet, programs that write the same elements. Each finding has a witness, which is evaluated; what only the data decide is no finding.
 */
import { fail } from "../../diagnostics/error.js";
import type { SpanRef } from "../../diagnostics/span.js";
import type { KernelOps } from "../../ir/ops/index.js";
import { staticSizes } from "../../ir/size.js";
import { type Access, analyseKernel, programSym } from "./analyse.js";
import { type Form, scale, shift, type Sym } from "./form.js";

type Params = Pick<KernelOps["kernel_call"], "body" | "grid" | "inits" | "name">;
type Look = (sym: Sym) => number;

/** Lanes of a store that are tried one by one, where no form tells that they never meet. */
const MOST_LANES = 4096;
const MOST_REPAIRS = 12;

/** Throws the first finding, located at its load or store. */
export function checkKernel(params: Params): void {
  analyseKernel(params, (access) => {
    if (!isDecided(access)) return;
    checkIndices(params, access);
    if (access.eqn.prim === "store") checkStore(params, access);
  });
}
/** Who gets here, and which lanes take part, is told by forms alone. */
function isDecided({ context, mask }: Access): boolean {
  return context.certain && (mask === undefined || (mask.exact && mask.known !== false));
}
const conditions = ({ context, mask }: Access): readonly Form[] => [...context.facts, ...(mask?.whenTrue ?? [])];

/** The value at a point; undefined where the data decide. */
function evaluate(form: Form, look: Look): number | undefined {
  let n = form.c;
  for (const { sym, c } of form.terms) {
    let x: number | undefined;
    if (sym.kind !== "atom") x = look(sym);
    else {
      const inside: Look = (s) => {
        if (s.kind !== "lane") return look(s);
        const axis = sym.axes[s.axes[0]];
        return axis < 0 ? 0 : look({ ...s, key: `l${axis}`, axes: [axis] });
      };
      x = sym.atom?.at?.((f) => evaluate(f, inside));
    }
    if (x === undefined) return undefined;
    n += c * x;
  }
  return n;
}
function holds(facts: readonly Form[], look: Look): boolean | undefined {
  for (const f of facts) {
    const n = evaluate(f, look);
    if (n === undefined) return undefined;
    if (n < 0) return false;
  }
  return true;
}

/** A point where all facts hold and `goal` is negative: from the corner where it is least, moved until the facts hold. */
function witness(goal: Form, facts: readonly Form[]): Look | undefined {
  for (const end of ["lo", "hi"] as const) {
    const at = new Map<string, number>();
    const look: Look = (s) => at.get(s.key) ?? s[end];
    for (const { sym, c } of goal.terms) if (sym.kind !== "atom") at.set(sym.key, c > 0 ? sym.lo : sym.hi);
    for (let tries = 0; tries < MOST_REPAIRS; tries++) {
      const broken = facts.find((f) => (evaluate(f, look) ?? 0) < 0);
      if (!broken) break;
      const short = -(evaluate(broken, look) ?? 0);
      const movable = broken.terms.filter(
        ({ sym, c }) => sym.kind !== "atom" && (c > 0 ? look(sym) < sym.hi : look(sym) > sym.lo),
      );
      // what the goal does not depend on first
      const cost = (s: Sym): number => Math.abs(goal.terms.find((t) => t.sym.key === s.key)?.c ?? 0);
      movable.sort((a, b) => cost(a.sym) - cost(b.sym));
      if (movable.length === 0) break;
      const [{ sym, c }] = movable;
      const by = Math.ceil(short / Math.abs(c)) * Math.sign(c);
      at.set(sym.key, Math.min(sym.hi, Math.max(sym.lo, look(sym) + by)));
    }
    const value = evaluate(goal, look);
    if (value !== undefined && value < 0 && holds(facts, look)) return look;
  }
  return undefined;
}

const program = ({ grid }: Params, look: Look): string =>
  `[${staticSizes(grid)
    .map((n, axis) => (n === 1 ? 0 : look(programSym(axis, n))))
    .join(", ")}]`;

function checkIndices(params: Params, access: Access): void {
  const { eqn, index, shape, sides, origin } = access;
  const facts = conditions(access);
  index.forEach((x, axis) => {
    const { form } = x;
    if (!form) return;
    const tries = [
      ...(sides[axis].low ? [] : [{ goal: form, word: "goes down to" }]),
      ...(sides[axis].high ? [] : [{ goal: shift(scale(form, -1), shape[axis] - 1), word: "reaches" }]),
    ];
    for (const { goal, word } of tries) {
      const look = witness(goal, facts);
      if (!look) continue;
      const ref = origin?.name ?? "the reference";
      const low = goal === form;
      fail(
        "TW8101",
        `${eqn.prim}: index ${axis} ${word} ${evaluate(form, look)}, where axis ${axis} of ${ref} has ${shape[axis]} elements`,
        {
          span: eqn.span,
          label: `out of bounds in program ${program(params, look)}`,
          help: `mask these lanes: { mask: index ${low ? ">= 0" : `< ${origin?.name ?? "ref"}.shape[${axis}]`} }`,
        },
      );
    }
  });
}

/** Do different values of these symbols give different indices? False is "not known". */
function isInjective(access: Access, needed: readonly string[]): boolean {
  const found = new Set<string>();
  for (const { form } of access.index) {
    if (!form || form.terms.some((t) => t.sym.kind === "atom")) return false;
    const terms = [...form.terms].sort((a, b) => Math.abs(a.c) - Math.abs(b.c));
    let reach = 0;
    for (const { sym, c } of terms) {
      if (Math.abs(c) <= reach) return false;
      reach += Math.abs(c) * (sym.hi - sym.lo);
      found.add(sym.key);
    }
  }
  return needed.every((k) => found.has(k));
}

/** Elements that lanes write in a program, with the first lane that does; stops where `met` says so. */
function elements(
  access: Access,
  ids: ReadonlyMap<string, number>,
  met: (flat: number, lane: number) => boolean,
): void {
  const { block, index, shape } = access;
  const facts = conditions(access);
  const lanes = Math.min(
    block.reduce((a, b) => a * b, 1),
    MOST_LANES,
  );
  const at = block.map(() => 0);
  for (let lane = 0; lane < lanes; lane++) {
    let rest = lane;
    for (let a = block.length - 1; a >= 0; a--) {
      at[a] = rest % block[a];
      rest = Math.floor(rest / block[a]);
    }
    const look: Look = (s) => (s.kind === "lane" ? at[s.axes[0]] : (ids.get(s.key) ?? s.lo));
    const active = holds(facts, look);
    if (active === undefined) return;
    if (!active) continue;
    let flat = 0;
    for (let a = 0; a < shape.length; a++) {
      const { form } = index[a];
      const i = form && evaluate(form, look);
      if (i === undefined || i < 0 || i >= shape[a]) return;
      flat = flat * shape[a] + i;
    }
    if (met(flat, lane)) return;
  }
}

function checkStore(params: Params, access: Access): void {
  const { block, index, origin, eqn } = access;
  if (index.some((x) => !x.form) || block.includes(0)) return;
  const ref = origin?.name ?? "the reference";
  const name = (flat: number, shape: readonly number[]): string => {
    let rest = flat;
    const at = shape.map(() => 0);
    for (let a = shape.length - 1; a >= 0; a--) {
      at[a] = rest % shape[a];
      rest = Math.floor(rest / shape[a]);
    }
    return `[${at.join(", ")}]`;
  };
  const span: SpanRef | undefined = eqn.span;
  const lanes = block.flatMap((n, a) => (n > 1 ? [`l${a}`] : []));
  const first = new Map<number, number>();
  const lanesDiffer = isInjective(access, lanes);
  if (!lanesDiffer) {
    elements(access, new Map(), (flat, lane) => {
      const other = first.get(flat);
      first.set(flat, lane);
      if (other === undefined) return false;
      return fail(
        "TW8104",
        `store: lanes ${name(other, block)} and ${name(lane, block)} of one block write the same element ${name(flat, access.shape)} of ${ref}`,
        { span, help: "give each lane an element of its own, reduce the block first, or use an atomic" },
      );
    });
  }
  if (!origin) return;
  staticSizes(params.grid).forEach((n, axis) => {
    const key = `p${axis}`;
    if (n < 2 || isInjective(access, [key, ...lanes])) return;
    if (first.size === 0)
      elements(access, new Map(), (flat, lane) => {
        first.set(flat, lane);
        return false;
      });
    elements(access, new Map([[key, 1]]), (flat) => {
      if (!first.has(flat)) return false;
      const depends = [...index.flatMap((x) => (x.form ? [x.form] : [])), ...conditions(access)].some((f) =>
        f.terms.some((t) => t.sym.key === key || t.sym.kind === "atom"),
      );
      const ids = (one: number): string => `[${params.grid.map((_, a) => (a === axis ? one : 0)).join(", ")}]`;
      return fail(
        "TW8103",
        depends
          ? `store: programs ${ids(0)} and ${ids(1)} both write element ${name(flat, access.shape)} of ${ref}`
          : `store: every program of axis ${axis} of the grid writes the same elements of ${ref}`,
        {
          span,
          help: `let the index depend on programId(${axis}), let one program store, or use an atomic`,
        },
      );
    });
  });
}
