/**
 * Nests over blocks, as kernels of users have them, in the form that a nest over whole arrays has: the index of a program
 * and the index in its block become one loop, and masks that cut blocks at the ends of arrays become the loops' ends.
 */
import { type Dim, dimAtLeast, dimMax, dimMin, dimMul, dimSame, dimSub } from "../../ir/dim.js";
import { identityOf } from "../../ir/reduce-op.js";
import { hintOf } from "../../ir/size.js";
import type { TileReduceOp } from "../../ir/tile.js";
import { type Affine, addIndex, atomIndex, constantIndex, type Loop, ZERO } from "./affine.js";
import { type Nest, reachable } from "./nest.js";
import type { Member, Node } from "./node.js";
import { breaksOf, followed, limitsOf, NodeRewriter } from "./rewrite.js";

/** The same nest with fewer loops, shorter where masks say so, and without the masks that are then always true. */
export function boundNest(nest: Nest): Nest {
  // loops in which elements are written in turn stay as they are
  if (!nest.parallel) return nest;
  const numbers = { next: 0, opaque: 0 };
  for (const n of reachable(nest.members)) numbers.next = Math.max(numbers.next, n.id + 1);
  numbers.opaque = OPAQUE;
  // what ranges decide first: a mask that is always true would keep loops apart
  let now = rewriteNest(nest, nest.loops, atomIndex, numbers);
  now = mergePairs(now, numbers);
  now = clipKept(now, numbers);
  now = clipReduced(now, numbers);
  return sortKept(now);
}
/** Above the numbers that loops and the expander give. */
const OPAQUE = 2 ** 20;

type Numbers = ConstructorParameters<typeof NodeRewriter>[0];

/** The nest over `loops`, with `loop` giving what stands for each old one. */
function rewriteNest(
  nest: Nest,
  loops: readonly Loop[],
  loop: (l: Loop) => Affine,
  numbers: Numbers,
  more: ReadonlyMap<Member, (result: Node, r: NodeRewriter) => Node> = new Map(),
): Nest {
  const kept = loops.reduce((mask, l) => (l.reduced ? mask : mask | (1 << l.id)), 0);
  const replaced = new Map<Member, { readonly member: Member; readonly node: Node }>();
  const r = new NodeRewriter(numbers, loop, (m, n) => replaced.get(m)?.node ?? n);
  const members: Member[] = [];
  for (const m of nest.members) {
    const member: Member = {
      ...m,
      node: r.node(m.node),
      payload: m.payload && r.node(m.payload),
      valid: m.valid && r.node(m.valid),
    };
    // positions of extrema are told from other payloads by being indices
    if (m.payload?.kind === "index" && member.payload?.kind === "const")
      member.payload = { kind: "index", id: numbers.next++, dtype: "i32", loops: 0, index: r.affine(m.payload.index) };
    members.push(member);
    const mask = m.kind === "reduce" ? kept : member.node.loops;
    const own: Node = { kind: "member", id: numbers.next++, dtype: m.dtype, loops: mask, member };
    const extra = more.get(m);
    if (!extra) {
      // masks and indices are seen through
      const isOpen = m.kind === "full" && (m.dtype === "bool" || m.dtype === "i32");
      if (isOpen && !member.store) members.pop();
      replaced.set(m, { member, node: isOpen ? member.node : own });
      continue;
    }
    const node = extra(own, r);
    const row: Member = { ...member, kind: "row", combine: null, node, payload: null, valid: null };
    member.store = null;
    members.push(row);
    replaced.set(m, { member: row, node: { ...own, id: numbers.next++, member: row } });
  }
  // where a value goes may be told by values that come after it
  for (const m of members) {
    if (!m.store) continue;
    const { view, offset, guard } = m.store;
    const now = guard && r.node(guard);
    m.store =
      now?.kind === "const" && !now.value
        ? null
        : { ...followed(view, r.affine(offset)), guard: now?.kind === "const" ? null : now };
  }
  return { ...nest, loops, members };
}

function factorOf(a: Affine, loop: Loop): Dim {
  for (const t of a.terms) if (t.atom === loop) return t.factor;
  return 0;
}
/** Every index form of the nest. */
function formsOf(nest: Nest): Affine[] {
  const forms: Affine[] = [];
  for (const n of reachable(nest.members)) {
    if (n.kind === "load") forms.push(n.offset);
    else if (n.kind === "index") forms.push(n.index);
  }
  for (const m of nest.members) if (m.store) forms.push(m.store.offset);
  return forms;
}

/** Two loops of one kind become one where every index steps through both as through one; they need not be neighbours. */
function mergePairs(nest: Nest, numbers: Numbers): Nest {
  const forms = formsOf(nest);
  const loops = nest.loops.filter((l) => l.extent !== 1);
  const within = new Map<Loop, { readonly by: Loop; readonly factor: Dim }>();
  const sizes = new Map<Loop, Dim>(loops.map((l) => [l, l.extent]));
  const strides = new Map(loops.map((l) => [l, forms.map((a) => factorOf(a, l))]));
  for (let found = true; found; ) {
    found = false;
    for (const outer of loops)
      for (const inner of loops) {
        if (outer === inner || outer.reduced !== inner.reduced || within.has(outer) || within.has(inner)) continue;
        const size = sizes.get(inner) ?? 1;
        const [a, b] = [strides.get(outer) ?? [], strides.get(inner) ?? []];
        if (!a.every((s, i) => dimSame(s, dimMul(b[i], size)))) continue;
        within.set(outer, { by: inner, factor: size });
        sizes.set(inner, dimMul(size, sizes.get(outer) ?? 1));
        found = true;
      }
  }
  if (within.size === 0 && loops.length === nest.loops.length) return nest;
  const made = new Map<Loop, Loop>();
  for (const l of loops) if (!within.has(l)) made.set(l, { ...l, extent: sizes.get(l) ?? 1 });
  // what an index steps by in the outer of two loops is carried by the one that they became
  const left = [...made.values()];
  return rewriteNest(nest, left, (l) => (made.has(l) ? atomIndex(made.get(l) as Loop) : ZERO), numbers);
}

/** Loops end where nothing after is stored, and begin where something is. */
function clipKept(nest: Nest, numbers: Numbers): Nest {
  const stores = nest.members.flatMap((m) => (m.store ? [m.store] : []));
  if (!stores.some((s) => s.guard)) return nest;
  const ranges = nest.loops.map((loop): Range => {
    const whole = { lo: 0, hi: loop.extent };
    if (loop.reduced) return whole;
    const limits = stores.map((s) => limitsOf(s.guard, loop));
    const lo = limits.map((l) => dimMax(0, l.lo ?? 0)).reduce(dimMin);
    const hi = limits.map((l) => (l.hi === null ? loop.extent : dimMin(l.hi, loop.extent))).reduce(dimMax);
    return { lo, hi };
  });
  return withRanges(nest, ranges, numbers);
}

interface Range {
  readonly lo: Dim;
  readonly hi: Dim;
}
const whole = ({ lo, hi }: Range, l: Loop): boolean => lo === 0 && dimSame(hi, l.extent);

function withRanges(
  nest: Nest,
  ranges: readonly Range[],
  numbers: Numbers,
  more?: ReadonlyMap<Member, (result: Node, r: NodeRewriter) => Node>,
): Nest {
  if (!more && nest.loops.every((l, i) => whole(ranges[i], l))) return nest;
  const made = nest.loops.map((l, i): Loop => ({ ...l, extent: dimMax(dimSub(ranges[i].hi, ranges[i].lo), 0) }));
  const as = (l: Loop): Affine => {
    const i = nest.loops.indexOf(l);
    if (made[i].extent === 1) return constantIndex(ranges[i].lo);
    return addIndex(constantIndex(ranges[i].lo), atomIndex(made[i]));
  };
  const left = made.filter((l) => l.extent !== 1);
  return rewriteNest(nest, left, as, numbers, more);
}

/** Iterations of reduced loops that masks leave nothing of: they are skipped, and what they would add is added at once. */
function clipReduced(start: Nest, numbers: Numbers): Nest {
  let nest = start;
  // a loop ends once at each size
  const tried = new Set<string>();
  for (let i = 0; i < nest.loops.length; i++) {
    if (!nest.loops[i].reduced) continue;
    const next = clipOne(nest, nest.loops[i], numbers, tried);
    if (next) {
      nest = next;
      i = -1;
    }
  }
  return nest;
}

function clipOne(nest: Nest, loop: Loop, numbers: Numbers, tried: Set<string>): Nest | null {
  const { extent } = loop;
  const within = breaksOf(reachable(nest.members), loop).filter(
    (t) => dimAtLeast(t, 1) === true && dimAtLeast(t, extent) !== true,
  );
  for (const t of within.sort((a, b) => hintOf(a) - hintOf(b))) {
    const key = `${loop.id}:${String(t)}`;
    const more = tried.has(key) ? null : skipped(nest, loop, { lo: t, hi: extent }, numbers);
    if (more) {
      tried.add(key);
      return withRanges(
        nest,
        nest.loops.map((l) => ({ lo: 0, hi: l === loop ? dimMin(t, extent) : l.extent })),
        numbers,
        more,
      );
    }
  }
  return null;
}

/**
 * What each reduction gets from the iterations of a range, when that is the same for each; null when it is not, or they store something.
 * A range over names may be empty at some sizes.
 */
function skipped(
  nest: Nest,
  loop: Loop,
  range: Range,
  numbers: Numbers,
): Map<Member, (result: Node, r: NodeRewriter) => Node> | null {
  const length = dimSub(range.hi, range.lo);
  const part: Loop = { ...loop, extent: length };
  const as = (l: Loop): Affine =>
    l === loop ? addIndex(constantIndex(range.lo), part.extent === 1 ? ZERO : atomIndex(part)) : atomIndex(l);
  const reduced = nest.loops.reduce((mask, l) => (l.reduced ? mask | (1 << l.id) : mask), 0);
  const others = nest.loops.reduce<Dim>((n, l) => (l.reduced && l !== loop ? dimMul(n, l.extent) : n), 1);
  const count = dimMul(length, others);
  const isSome = dimAtLeast(count, 1) === true;
  const within = new Map<Member, Node>();
  // members at these iterations; of a reduction, what is known when it is done
  const r = new NodeRewriter(numbers, as, (m, n) => within.get(m) ?? n);
  const more = new Map<Member, (result: Node, r: NodeRewriter) => Node>();
  for (const m of nest.members) {
    if (m.kind === "full") {
      if (m.store) {
        const guard = m.store.guard && r.node(m.store.guard);
        if (!(guard?.kind === "const" && !guard.value)) return null;
      }
      within.set(m, r.node(m.node));
      continue;
    }
    if (m.kind !== "reduce") continue;
    const value = r.node(m.node);
    const identity = m.combine === "argmax" ? "max" : m.combine === "argmin" ? "min" : (m.combine as TileReduceOp);
    const valid = m.valid ? r.node(m.valid) : null;
    if (valid?.kind === "const" && !valid.value) continue;
    if (value.kind === "const" && same(value.value, identityOf(identity, m.node.dtype))) continue;
    if (m.valid || m.payload || (value.loops & reduced) !== 0) return null;
    const repeated = REPEATED[m.combine ?? ""];
    if (!repeated) return null;
    const { dtype } = m;
    more.set(m, (result, now) => {
      // the same expression over the loops that are left
      const again: NodeRewriter = new NodeRewriter(
        numbers,
        (l) => (l === loop ? constantIndex(range.lo) : now.affine(atomIndex(l))),
        (x, n) => {
          const full = x.kind === "full" ? x : null;
          return full ? again.node(full.node) : now.node(n);
        },
      );
      const one = again.node(m.node);
      const all =
        repeated.times === "once" ? one : now.apply({ prim: "mul", params: {}, dtype }, [one, now.size(count, dtype)]);
      const both = now.apply({ prim: repeated.prim, params: {}, dtype }, [result, all]);
      if (isSome) return both;
      const any = now.op({ prim: "gt", params: {}, dtype: "bool" }, [now.size(count, "i32"), now.constant(0, "i32")]);
      return now.op({ prim: "select", params: {}, dtype }, [any, both, result]);
    });
  }
  return more;
}
const same = (a: number | bigint | boolean, b: number | bigint | boolean): boolean => a === b;

/** How a value that is combined again and again comes in at once. */
const REPEATED: Record<
  string,
  { readonly prim: "add" | "max" | "min" | "and" | "or"; readonly times: "once" | "count" }
> = {
  sum: { prim: "add", times: "count" },
  max: { prim: "max", times: "once" },
  min: { prim: "min", times: "once" },
  and: { prim: "and", times: "once" },
  or: { prim: "or", times: "once" },
};

/** Kept loops from far to near in what is stored. */
function sortKept(nest: Nest): Nest {
  const first = nest.members.find((m) => m.store)?.store;
  if (!first) return nest;
  const opaque = first.offset.terms.reduce(
    (mask, t) => (t.atom.kind === "opaque" ? mask | t.atom.node.loops : mask),
    0,
  );
  const kept = nest.loops.filter((l) => !l.reduced);
  if (kept.some((l) => (opaque & (1 << l.id)) !== 0 || factorOf(first.offset, l) === 0)) return nest;
  const step = (l: Loop): number => Math.abs(hintOf(factorOf(first.offset, l)));
  const sorted = [...kept].sort((a, b) => step(b) - step(a));
  let next = 0;
  return { ...nest, loops: nest.loops.map((l) => (l.reduced ? l : sorted[next++])) };
}
