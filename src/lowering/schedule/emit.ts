/**
 * Writes a nest as a stage of a tile program: opens its loops, computes what does not depend on inner loops outside of
 * them, walks the innermost loop in blocks with narrower blocks for what remains, and combines reductions.
 */
import { internal } from "../../diagnostics/error.js";
import { type Dim, dimAdd, dimAtLeast, dimFloorDiv, dimMod, dimSub, isStatic } from "../../ir/dim.js";
import { identityOf } from "../../ir/reduce-op.js";
import type { TileAtom, TileReduceOp, TileRef, TileVar } from "../../ir/tile.js";
import type { TileBuilder } from "../../ir/tile-builder.js";
import type { View } from "../plan/view.js";
import type { Affine, Loop, Term } from "./affine.js";
import type { Member, Node, Target } from "./node.js";
import { gridOf, TILE } from "./grid.js";
import { type PreparedNest, turnedLoop } from "./nest.js";
import { type InPlace, inPlacePairs, type Kept, passesOf, planSpills } from "./reuse.js";
import { type Accumulator, makeAccumulator, wantsParts } from "./accumulate.js";
import { longSum, partsOf } from "./parts.js";
import { decided, NOTHING_KNOWN, segmentsOf, widthsOf } from "./segments.js";

/** Finds the kernel's reference for a view. */
export type RefOf = (view: View, use: "read" | "write") => TileRef;

interface Scope {
  readonly values: Map<Node, TileAtom>;
  readonly indices: Map<string, TileAtom>;
}
type Bound = number | TileAtom;

/** A part of the outermost reduced loop, of so many iterations. */
interface Chunk {
  readonly rows: number;
  readonly bound: readonly [Bound, Bound];
}

export function emitNest(b: TileBuilder, nest: PreparedNest, refOf: RefOf): InPlace[] {
  const emitter = new NestEmitter(b, nest, refOf);
  emitter.emit();
  return emitter.inPlace;
}

export class NestEmitter {
  readonly #scopes: Scope[] = [];
  /** Level at which each loop is open, and its current index. */
  readonly #open = new Map<Loop, { readonly level: number; readonly index: TileAtom }>();
  /** Lanes of the block along the vector loop; 1 while it is not open. */
  #width = 1;
  #pass = 0;
  /** What is true where code is being written, and comparisons that are known there. */
  #granted: Node | null = null;
  #known = NOTHING_KNOWN;
  readonly #results = new Map<Member, TileAtom>();
  /** Members whose value of an earlier pass is read back from where it was stored. */
  readonly #reload: Kept;
  /** The passes in which each node is computed. */
  readonly #passes: ReadonlyMap<Node, number>;
  readonly inPlace: InPlace[];

  constructor(
    readonly b: TileBuilder,
    readonly nest: PreparedNest,
    readonly refOf: RefOf,
  ) {
    this.#reload = planSpills(nest);
    this.#passes = passesOf(nest, this.#reload);
    this.inPlace = inPlacePairs(nest, this.#reload, this.#passes);
  }

  /** Stores what follows reductions at one point of the kept loops, or along the vector loop. */
  at(point: ReadonlyMap<Loop, TileAtom>, results: ReadonlyMap<Member, TileAtom>): void {
    this.#atPoint(point, () => {
      for (const [m, result] of results) {
        this.#width = result.shape[0] ?? 1;
        this.#results.set(m, result);
      }
      this.#pass = this.nest.passes;
      this.#hoistResults([...results.keys()]);
      this.#stores(this.nest.members.filter((m) => m.store));
    });
  }
  /** What reductions combine at one point of all loops, or at `width` of them along the vector loop. */
  elements(point: ReadonlyMap<Loop, TileAtom>, width: number, reductions: readonly Member[]): TileAtom[] {
    return this.values(
      [...point],
      width,
      reductions.map((m) => m.node),
    );
  }
  /** Nodes of a pass at a point, where some nodes and the results of earlier passes are known. */
  values(
    point: Iterable<readonly [Loop, TileAtom]>,
    width: number,
    nodes: readonly Node[],
    pass = 0,
    known: Iterable<readonly [Node, TileAtom]> = [],
    results: Iterable<readonly [Member, TileAtom]> = [],
  ): TileAtom[] {
    return this.#atPoint(new Map(point), () => {
      this.#pass = pass;
      this.#width = width;
      const { values } = this.#scopes[this.#scopes.length - 1];
      for (const [n, x] of known) values.set(n, x);
      for (const [m, x] of results) this.#results.set(m, x);
      const found = nodes.map((n) => this.#get(n));
      return found.map((x) => (width > 1 && x.shape.length === 0 ? this.#spread(x) : x));
    });
  }
  emit(): void {
    const { kept, vector } = this.nest;
    const outer = kept.filter((l) => l !== vector);
    const chunkable = vector && !vector.reduced ? [...outer, vector] : outer;
    const parts = this.nest.parallel && kept.length === 0 ? partsOf(this.nest) : null;
    if (parts) {
      this.#inParts(parts);
      return;
    }
    const free = this.nest.parallel ? chunkable : chunkable.filter((l) => this.nest.apart.includes(l));
    const grid = gridOf(this.nest, free, turnedLoop(this.nest, outer));
    if (grid.length === 0) {
      this.b.stage([], () => this.#root(outer, new Map()));
      return;
    }
    const shape = grid.map(({ loop, rows }) => dimFloorDiv(dimAdd(loop.extent, dimSub(rows, 1)), rows));
    this.b.stage(shape, (...ids) => {
      const bounds = new Map<Loop, readonly [Bound, Bound]>();
      grid.forEach(({ loop, rows }, i) => {
        const start = this.b.mul(ids[i], this.b.i32(rows));
        // what is outside of the columns is walked once by those who do several blocks of them
        if (loop === vector && !this.nest.parallel && grid.length === 1)
          bounds.set(loop, [start, this.b.mul(this.b.programEnd(), this.b.i32(rows))]);
        else if (rows === 1) bounds.set(loop, [ids[i], ids[i]]);
        else bounds.set(loop, [start, this.b.add(start, this.b.i32(rows))]);
      });
      this.#root(outer, bounds);
    });
  }

  #root(outer: readonly Loop[], bounds: ReadonlyMap<Loop, readonly [Bound, Bound]>): void {
    const { vector } = this.nest;
    const across = turnedLoop(this.nest, outer);
    const rows = across && bounds.get(across);
    this.#inScope(() => {
      this.#hoist();
      if (across && vector && !(rows && rows[0] === rows[1])) {
        // a tile of rows is walked block by block: what one row reads beside its own, the next rows find in the cache
        this.#openLoops(outer.slice(0, -1), bounds, () => {
          const last = rows ? this.#atMost(rows[1], across.extent) : this.b.i32(across.extent);
          this.b.for(this.#atom(rows?.[0] ?? 0), last, TILE, (start) => {
            const end = this.b.op("min", [this.b.add(start, this.b.i32(TILE)), last]);
            this.#vectorLoop(vector, bounds.get(vector), () => {
              // rows of the block before have been through all passes
              this.#pass = 0;
              this.#hoist();
              this.#openLoops([across], new Map([[across, [start, end]]]), () => this.#row());
            });
          });
        });
        return;
      }
      this.#openLoops(outer, bounds, () => {
        if (vector && !vector.reduced) this.#vectorLoop(vector, bounds.get(vector), () => this.#row());
        else this.#row();
      });
    });
  }
  // loops

  #inScope<R>(body: () => R): R {
    this.#scopes.push({ values: new Map(), indices: new Map() });
    const result = body();
    this.#scopes.pop();
    return result;
  }
  #atPoint<R>(point: ReadonlyMap<Loop, TileAtom>, body: () => R): R {
    return this.#inScope(() => {
      for (const [loop, index] of point) this.#open.set(loop, { level: 0, index });
      const result = body();
      for (const loop of point.keys()) this.#open.delete(loop);
      return result;
    });
  }
  #bind(loop: Loop, index: TileAtom, body: () => void): void {
    this.#scopes.push({ values: new Map(), indices: new Map() });
    this.#open.set(loop, { level: this.#scopes.length - 1, index });
    body();
    this.#open.delete(loop);
    this.#scopes.pop();
  }
  #openLoops(loops: readonly Loop[], bounds: ReadonlyMap<Loop, readonly [Bound, Bound]>, body: () => void): void {
    const [loop, ...rest] = loops;
    if (loop === undefined) {
      body();
      return;
    }
    const inner = (): void => {
      this.#hoist();
      this.#openLoops(rest, bounds, body);
    };
    const bound = bounds.get(loop);
    if (bound && bound[0] === bound[1] && typeof bound[0] !== "number") this.#bind(loop, bound[0], inner);
    else if (bound) {
      const end = this.#atMost(bound[1], loop.extent);
      this.b.for(this.#atom(bound[0]), end, 1, (i) => this.#bind(loop, i, inner));
    } else if (loop.extent === 1) this.#bind(loop, this.b.i32(0), inner);
    else this.b.for(this.b.i32(0), this.b.i32(loop.extent), 1, (i) => this.#bind(loop, i, inner));
  }
  #atom(x: Bound): TileAtom {
    return typeof x === "number" ? this.b.i32(x) : x;
  }
  #atMost(x: Bound, limit: Dim): TileAtom {
    return typeof x === "number" && isStatic(limit)
      ? this.b.i32(Math.min(x, limit))
      : this.b.op("min", [this.#atom(x), this.b.i32(limit)]);
  }

  #vectorLoop(loop: Loop, bound: readonly [Bound, Bound] | undefined, body: (width: number) => void): void {
    for (const { from, to, known } of segmentsOf(this.nest, loop, bound !== undefined)) {
      this.#known = known;
      let done = from;
      for (const width of widthsOf(this.nest.width, dimSub(to, from))) {
        const upTo = dimSub(to, dimMod(dimSub(to, done), width));
        const run = (index: TileAtom): void => {
          this.#width = width;
          this.#bind(loop, index, () => body(width));
          this.#width = 1;
        };
        if (bound) {
          // a chunk is a multiple of every width: blocks of the main width start at a chunk's start, the rest is the last chunk's
          const start = done === 0 ? this.#atom(bound[0]) : this.b.op("max", [this.#atom(bound[0]), this.b.i32(done)]);
          this.b.for(start, this.#atMost(bound[1], upTo), width, run);
        } else if (dimSub(upTo, done) === width) run(this.b.i32(done));
        else if (dimAtLeast(done, upTo) !== true) this.b.for(this.b.i32(done), this.b.i32(upTo), width, run);
        done = upTo;
      }
    }
    this.#known = NOTHING_KNOWN;
  }

  // passes over one row

  /** Everything at one point of the loops that are not reduced. */
  #row(): void {
    const { reduced, members, passes } = this.nest;
    const hasReductions = reduced.length > 0 || members.some((m) => m.kind === "reduce");
    if (!hasReductions) {
      this.#pass = 0;
      this.#stores(members.filter((m) => m.store));
      return;
    }
    for (let pass = 0; pass < passes; pass++) this.#runPass(pass, null);
    this.#pass = passes;
    this.#stores(members.filter((m) => m.store && (m.kind === "row" || m.kind === "reduce")));
    for (const m of members) if (m.kind === "reduce") this.#results.delete(m);
  }
  /** One pass over the row, or over a chunk of its outermost reduced loop; gives the reductions that it computed. */
  #runPass(pass: number, chunk: Chunk | null): Member[] {
    const { reduced, members, vector } = this.nest;
    this.#pass = pass;
    const here = members.filter((m) => m.kind !== "row" && m.pass === pass);
    const reductions = here.filter((m) => m.kind === "reduce");
    const stored = here.filter((m) => m.kind === "full" && (m.store || this.#reload.has(m)));
    if (reductions.length === 0 && stored.length === 0) return [];
    // one accumulator for each width in which the row is walked
    const width = this.#width;
    const widths = vector && vector.reduced ? widthsOf(this.nest.width, vector.extent) : [width];
    const part = reductions.some(wantsParts) ? longSum(this.nest, chunk?.rows) : null;
    const accumulators = reductions.map(
      (m) => new Map(widths.map((w) => [w, makeAccumulator(this.b, m, w, part !== null)])),
    );
    const flush = (): void => {
      for (const list of accumulators) for (const acc of list.values()) acc.flush();
    };
    const body = (w: number): void => {
      reductions.forEach((m, i) => {
        const acc = accumulators[i].get(w) as Accumulator;
        acc.add(this.#get(m.node), m.payload ? this.#get(m.payload) : null, m.valid ? this.#get(m.valid) : null);
      });
      this.#stores(stored);
    };
    this.#hoist();
    const bounds = new Map(chunk ? [[reduced[0], chunk.bound]] : []);
    /** Walks a loop, or its chunk, part by part. */
    const inParts = (loop: Loop, size: number, each: (bound: readonly [Bound, Bound]) => void): void => {
      const within = bounds.get(loop);
      const last = within && this.#atMost(within[1], loop.extent);
      this.b.for(this.#atom(within?.[0] ?? 0), last ?? this.b.i32(loop.extent), size, (start) => {
        const end = this.b.add(start, this.b.i32(size));
        each([start, last ? this.b.op("min", [end, last]) : end]);
        flush();
      });
    };
    const walk = (): void => {
      if (!vector || !vector.reduced) body(width);
      else if (part?.loop === vector) inParts(vector, part.size, (bound) => this.#vectorLoop(vector, bound, body));
      else this.#vectorLoop(vector, bounds.get(vector), body);
    };
    const plain = reduced.filter((l) => l !== vector);
    const at = part ? plain.indexOf(part.loop) : -1;
    if (!part || at < 0) this.#openLoops(plain, bounds, walk);
    else {
      this.#openLoops(plain.slice(0, at), bounds, () =>
        inParts(part.loop, part.size, (bound) => this.#openLoops(plain.slice(at), new Map([[part.loop, bound]]), walk)),
      );
    }
    reductions.forEach((m, i) => {
      const [first, ...others] = [...accumulators[i].values()];
      const lanes = vector !== null && vector.reduced;
      this.#results.set(m, first.finish(lanes, others));
    });
    // results of a row are new in each iteration: forget what was computed from those of the row before
    this.#hoistResults(reductions);
    return reductions;
  }

  /**
   * A long reduction to scalars: each pass is a stage whose programs reduce a chunk each, as many as the size says and no
   * thread count changes. Stages after it begin by reducing the chunks' results, each program for itself.
   */
  #inParts({ programs, rows }: { readonly programs: number; readonly rows: number }): void {
    const { members, passes } = this.nest;
    const found = new Map<Member, TileRef>();
    const recall = (): void => {
      for (const [m, ref] of found) {
        const op = m.combine as TileReduceOp;
        this.#results.set(m, this.b.reduce(op, this.b.load(ref, this.b.i32(0), [programs], [1]), 0));
      }
      this.#hoistResults([...found.keys()]);
    };
    for (let pass = 0; pass < passes; pass++) {
      const fresh = new Map<Member, TileRef>();
      for (const m of members)
        if (m.kind === "reduce" && m.pass === pass) fresh.set(m, this.b.ref("parts", m.dtype, "scratch", programs));
      this.b.stage([programs], (id) =>
        this.#inScope(() => {
          this.#pass = pass;
          recall();
          const start = this.b.mul(id, this.b.i32(rows));
          for (const m of this.#runPass(pass, { rows, bound: [start, this.b.add(start, this.b.i32(rows))] }))
            this.b.store(fresh.get(m) ?? internal("a part without a place"), id, this.#value(m));
          this.#results.clear();
        }),
      );
      for (const [m, ref] of fresh) found.set(m, ref);
    }
    const last = members.filter((m) => m.store && (m.kind === "row" || m.kind === "reduce"));
    if (last.length === 0) return;
    this.b.stage([], () =>
      this.#inScope(() => {
        this.#pass = passes;
        recall();
        this.#stores(last);
        this.#results.clear();
      }),
    );
  }
  #hoistResults(reductions: readonly Member[]): void {
    const scope = this.#scopes[this.#scopes.length - 1];
    for (const n of this.nest.nodes) {
      if (n.kind === "member" && reductions.includes(n.member))
        scope.values.set(n, this.#results.get(n.member) ?? internal("a reduction without a result"));
    }
  }

  #stores(members: readonly Member[]): void {
    const only = members.length === 1 ? members[0].store : null;
    if (only?.guard && !this.#alongVector(only.guard.loops)) {
      // what is only written somewhere is computed only there
      this.b.if(this.#get(only.guard), () =>
        this.#inScope(() => {
          this.#granted = only.guard;
          this.#store({ ...only, guard: null }, this.#value(members[0]));
          this.#granted = null;
        }),
      );
      return;
    }
    // all values first, then all stores: an output may share its buffer with an input
    const values = members.map((m) => ({ m, value: this.#value(m) }));
    for (const { m, value } of values) {
      const target = m.store ?? this.#reload.get(m) ?? internal("a store without a target");
      this.#store(target, value);
    }
  }
  #value(m: Member): TileAtom {
    if (m.kind === "reduce") return this.#results.get(m) ?? internal("a reduction is stored before it is done");
    return this.#get(m.node);
  }

  // values

  /** Computes here what the loops inside will need and what does not depend on them. */
  #hoist(): void {
    const { kept, members } = this.nest;
    // with nothing inside, and all that is computed behind a guard
    if (members.length === 1 && members[0].store?.guard && kept.every((l) => this.#open.has(l))) return;
    let open = 0;
    for (const l of this.#open.keys()) open |= 1 << l.id;
    const closed = ~open;
    const { nodes, passOf } = this.nest;
    const merged = this.#mergedMask();
    const inReduction = this.nest.reduced.some((l) => this.#open.has(l));
    const passes = inReduction ? 1 << this.#pass : -1 << this.#pass;

    const wanted = (n: Node): boolean =>
      (n.loops & ~merged & closed) === 0 && passOf(n) <= this.#pass && ((this.#passes.get(n) ?? 0) & passes) !== 0;
    const needed = new Set<Node>();
    // users come after operands: walk back from the users to find the greatest subexpressions that can be computed here
    for (const n of nodes) {
      if (n.kind === "const" || !wanted(n)) continue;
      if (n.kind === "member" && n.member.kind === "reduce") continue;
      needed.add(n);
    }
    const top = new Set(needed);
    for (const n of needed) if (n.kind === "op") for (const a of n.args) top.delete(a);
    for (const n of nodes) {
      if (needed.has(n) && n.kind !== "index") {
        if (top.has(n) && !this.#find(n)) this.#get(n);
      } else if (n.kind === "load") this.#partial(n.offset, this.#scopes.length - 1);
      else if (n.kind === "index") this.#partial(n.index, this.#scopes.length - 1);
    }
    for (const m of this.nest.members) if (m.store) this.#partial(m.store.offset, this.#scopes.length - 1);
  }
  #merged: number | undefined;
  #mergedMask(): number {
    if (this.#merged === undefined) {
      let known = 0;
      for (const l of [...this.nest.kept, ...this.nest.reduced]) known |= 1 << l.id;
      this.#merged = ~known;
    }
    return this.#merged;
  }

  #find(n: Node): TileAtom | undefined {
    for (let i = this.#scopes.length - 1; i >= 0; i--) {
      const value = this.#scopes[i].values.get(n);
      if (value) return value;
    }
    return undefined;
  }
  #alongVector(loops: number): boolean {
    const { vector } = this.nest;
    return this.#width > 1 && vector !== null && (loops & (1 << vector.id)) !== 0;
  }

  #get(n: Node): TileAtom {
    if (n.kind === "const") return this.b.const(n.value, n.dtype);
    const fact = this.#known.get(n);
    if (fact !== undefined) return this.b.const(fact, "bool");
    const known = this.#find(n);
    if (known) return known;
    const value = this.#compute(n);
    this.#scopes[this.#scopes.length - 1].values.set(n, value);
    return value;
  }
  #compute(n: Node): TileAtom {
    switch (n.kind) {
      case "const":
        return this.b.const(n.value, n.dtype);
      case "index":
        return this.#alongVector(n.loops) ? this.#blockIndex(n.index) : this.#scalarIndex(n.index);
      case "op": {
        const folded = this.#known.size > 0 ? decided(n, (a) => this.#get(a)) : undefined;
        if (folded) return folded;
        const args = n.args.map((a) => this.#get(a));
        return this.b.op(n.prim, args, n.params as never);
      }
      case "load":
        return this.#load(n.view, n.offset, n.guard);
      case "member": {
        const { member } = n;
        if (member.kind === "reduce")
          return this.#results.get(member) ?? internal("a reduction is read before it is done");
        const kept = this.#reload.get(member);
        if (member.kind === "full" && kept && this.#pass > member.pass) return this.#load(kept.view, kept.offset, null);
        return this.#get(member.node);
      }
    }
  }

  #load(view: View, offset: Affine, guard: Node | null): TileAtom {
    const ref = this.refOf(view, "read");
    const mask = guard && guard !== this.#granted ? this.#get(guard) : null;
    const step = this.#step(offset);
    if (mask?.kind === "tileconst" && !mask.value) return this.b.const(identityOf("sum", ref.dtype), ref.dtype);
    if (mask && mask.shape.length > 0) return this.b.loadAt(ref, this.#blockIndex(offset), mask, null);
    const read = (): TileAtom => {
      if (step === "scattered") return this.b.loadAt(ref, this.#blockIndex(offset));
      if (step === 0) return this.b.load(ref, this.#scalarIndex(offset));
      return this.b.load(ref, this.#scalarIndex(offset), [this.#width], [step]);
    };
    if (!mask || mask.kind === "tileconst") return read();
    const shape = step === 0 ? [] : [this.#width];
    const result = this.b.var(this.b.const(identityOf("sum", ref.dtype), ref.dtype, shape));
    this.b.if(mask, () => {
      // what is computed in here must not be taken for computed outside
      this.#inScope(() => this.b.assign(result, read()));
    });
    return result;
  }

  #store(target: Target, value: TileAtom): void {
    const ref = this.refOf(target.view, "write");
    const { offset, guard } = target;
    const step = this.#step(offset);
    const mask = guard ? this.#get(guard) : null;
    const block = (a: TileAtom): TileAtom => (a.shape.length > 0 ? a : this.#spread(a));
    if (step === "scattered" || (mask && mask.shape.length > 0)) {
      this.b.storeAt(ref, this.#blockIndex(offset), block(value), mask ? block(mask) : null);
      return;
    }
    const write = (): void => {
      const base = this.#scalarIndex(offset);
      if (step === 0) this.b.store(ref, base, value);
      else this.b.store(ref, base, block(value), [step]);
    };
    if (mask) this.b.if(mask, () => this.#inScope(write));
    else write();
  }
  #spread(a: TileAtom): TileAtom {
    if (a.kind === "tileconst") return this.b.const(a.value, a.dtype, [this.#width]);
    return this.b.broadcast(a, [this.#width], []);
  }

  // indices

  /** Distance between neighbours of the block: 0 where all lanes read one element. */
  #step(offset: Affine): Dim | "scattered" {
    const { vector } = this.nest;
    if (this.#width === 1 || !vector) return 0;
    let step: Dim = 0;
    for (const t of offset.terms) {
      if (t.atom === vector) step = t.factor;
      else if (t.atom.kind === "opaque" && this.#alongVector(t.atom.node.loops)) return "scattered";
    }
    return step;
  }
  #levelOf(t: Term): number {
    if (t.atom.kind === "loop") return this.#open.get(t.atom)?.level ?? (t.atom.merged ? -1 : Number.POSITIVE_INFINITY);
    let level = 0;
    for (const [loop, { level: l }] of this.#open)
      if ((t.atom.node.loops & (1 << loop.id)) !== 0) level = Math.max(level, l);
    const merged = this.#mergedMask();
    let open = 0;
    for (const l of this.#open.keys()) open |= 1 << l.id;
    return (t.atom.node.loops & ~merged & ~open) === 0 && this.nest.passOf(t.atom.node) <= this.#pass
      ? level
      : Number.POSITIVE_INFINITY;
  }
  /** The sum of the constant and of the terms known at this level, computed once. */
  #partial(a: Affine, level: number): TileAtom {
    const terms = a.terms.filter((t) => {
      const at = this.#levelOf(t);
      return at >= 0 && at <= level;
    });
    if (terms.length === 0) return this.b.i32(a.constant);
    const key = terms.reduce((text, t) => `${text}+${String(t.factor)}*${t.atom.id}`, String(a.constant));
    for (let i = this.#scopes.length - 1; i >= 0; i--) {
      const value = this.#scopes[i].indices.get(key);
      if (value) return value;
    }
    const deepest = Math.max(...terms.map((t) => this.#levelOf(t)));
    const inner = terms.filter((t) => this.#levelOf(t) === deepest);
    const outer: Affine = { constant: a.constant, terms: terms.filter((t) => this.#levelOf(t) < deepest) };
    let sum: TileAtom | null = null;
    for (const t of inner) {
      const index =
        t.atom.kind === "loop"
          ? (this.#open.get(t.atom)?.index ?? internal("a loop that is not open"))
          : this.#get(t.atom.node);
      const product = t.factor === 1 ? index : this.b.mul(index, this.b.i32(t.factor));
      sum = sum ? this.b.add(sum, product) : product;
    }
    const base = this.#partial(outer, deepest - 1);
    const total = sum === null ? base : base.kind === "tileconst" && base.value === 0 ? sum : this.b.add(base, sum);
    this.#scopes[this.#scopes.length - 1].indices.set(key, total);
    return total;
  }
  #scalarIndex(a: Affine): TileAtom {
    return this.#partial(a, this.#scopes.length - 1);
  }
  #blockIndex(a: Affine): TileAtom {
    const { vector } = this.nest;
    const scattered = a.terms.filter((t) => t.atom.kind === "opaque" && this.#alongVector(t.atom.node.loops));
    const rest: Affine = { constant: a.constant, terms: a.terms.filter((t) => !scattered.includes(t)) };
    const step = rest.terms.find((t) => t.atom === vector)?.factor ?? 0;
    let sum: TileAtom = this.#scalarIndex(rest);
    if (this.#width > 1) {
      if (step !== 0) {
        const lanes: TileVar = this.b.lanes([this.#width], 0);
        sum = this.b.add(step === 1 ? lanes : this.b.mul(lanes, this.b.i32(step)), sum);
      }
      for (const { atom, factor } of scattered) {
        if (atom.kind !== "opaque") continue;
        const value = this.#get(atom.node);
        sum = this.b.add(factor === 1 ? value : this.b.mul(value, this.b.i32(factor)), sum);
      }
      if (sum.shape.length === 0) sum = this.#spread(sum);
    }
    return sum;
  }
}
