/**
 * From the graph to statements. A value used once, where it is computed, becomes part of its user's expression; others get
 * a local. A read or load that is still needed when its variable is assigned or memory is written is kept in a local first.
 */
import { internal } from "../../diagnostics/error.js";
import type { LoopExpr, LoopStmt } from "../../ir/loop.js";
import { type Graph, type Item, type Node, type Region, TEST_MARK, type Variable } from "./graph.js";

/** Deeper expressions are cut by a local, so that recursion over them stays shallow. */
const MAX_DEPTH = 100;

export function linearize(graph: Graph): LoopStmt[] {
  const used: Node[] = [];
  countRegion(graph.root, used);
  cutDeep(used, graph.nodes);
  return new Linearizer(graph).region(graph.root);
}

function countRegion(region: Region, used: Node[]): void {
  // users first: a value that nobody needs does not count as a user
  for (let i = region.items.length - 1; i >= 0; i--) {
    if (region.test && region.test.at === i + 1) mark(region.test.node, region, used);
    const item = region.items[i];
    if (item.kind === "node" || item.kind === "group" || idle(item)) continue;
    for (const a of item.args) mark(a, region, used);
    if (item.kind === "nested") for (const r of item.regions) countRegion(r, used);
  }
  if (region.test?.at === 0) mark(region.test.node, region, used);
}

/** Whether the item serves a value that nobody uses; values are used below, or in a loop that stands below. */
function idle(item: Item): boolean {
  return item.kind === "effect" && item.serves !== undefined && item.serves.uses === 0;
}

/** Counts a use; the first one counts as uses of the operands. Chains of values are long: no recursion over them. */
function mark(node: Node, user: Region, used: Node[]): void {
  if (user !== node.region) node.outside = true;
  if (node.uses++ > 0) return;
  let next = used.length;
  used.push(node);
  for (; next < used.length; next++) {
    const { args, region } = used[next];
    for (let i = 0; i < args.length; i++) {
      const a = args[i];
      if (region !== a.region) a.outside = true;
      if (a.uses++ === 0) used.push(a);
    }
  }
}

/** Operands are older than what they are operands of. */
function cutDeep(used: readonly Node[], count: number): void {
  const inOrder = new Array<Node | undefined>(count).fill(undefined);
  for (let i = 0; i < used.length; i++) inOrder[used[i].id] = used[i];
  for (let id = 0; id < count; id++) {
    const node = inOrder[id];
    if (node === undefined) continue;
    const { args } = node;
    let depth = 0;
    for (let i = 0; i < args.length; i++) {
      const a = args[i];
      if (a.uses === 1 && !a.outside && a.depth > depth) depth = a.depth;
    }
    node.depth = depth + 1;
    if (node.depth > MAX_DEPTH) {
      node.outside = true;
      node.depth = 0;
    }
  }
}

class Linearizer {
  /** Loads that were passed and are not yet used up, with the number of uses to come; and reads, by their variable. */
  readonly #loads = new Map<Node, number>();
  readonly #reads = new Map<Variable, Map<Node, number>>();
  #out: LoopStmt[] = [];
  constructor(readonly graph: Graph) {}

  region(region: Region): LoopStmt[] {
    const outer = this.#out;
    const out: LoopStmt[] = [];
    this.#out = out;
    for (let i = 0; i < region.items.length; i++) {
      if (region.test?.at === i) this.#test(region);
      this.#item(region.items[i]);
    }
    if (region.test?.at === region.items.length) this.#test(region);
    this.#out = outer;
    return out;
  }
  #tests: LoopExpr[] = [];
  #test(region: Region): void {
    if (!region.test) internal("no test");
    this.#tests.push(this.#use(region.test.node));
    this.#out.push(TEST_MARK);
  }

  #item(item: Item): void {
    switch (item.kind) {
      case "node":
        this.#define(item.node);
        return;
      case "group":
        for (const node of item.nodes) this.#define(node);
        return;
      case "effect": {
        if (idle(item)) return;
        const args = item.args.map((a) => this.#use(a));
        const stmt = item.build(args);
        if (item.assigns) this.#save(this.#reads.get(item.assigns));
        if (item.stores) this.#save(this.#loads);
        this.#out.push(stmt);
        return;
      }
      case "nested": {
        const args = item.args.map((a) => this.#use(a));
        const writes = new Set<Variable>();
        for (const r of item.regions) for (const v of r.writes) writes.add(v);
        if (item.regions.some((r) => r.stores)) this.#save(this.#loads);
        for (const v of writes) this.#save(this.#reads.get(v));
        const outerTests = this.#tests;
        this.#tests = [];
        const bodies = item.regions.map((r) => this.region(r));
        const stmt = item.build(args, bodies, this.#tests);
        this.#tests = outerTests;
        this.#out.push(stmt);
        return;
      }
    }
  }

  #define(node: Node): void {
    if (node.uses === 0) return;
    if (node.kind === "read") this.#openOf(node).set(node, node.uses);
    else if (node.uses > 1 || node.outside) this.#keep(node);
    else if (node.kind === "load") this.#loads.set(node, 1);
  }
  /** Where a load or read is noted while it waits for its users. */
  #openOf({ variable }: Node): Map<Node, number> {
    if (variable === undefined) return this.#loads;
    let open = this.#reads.get(variable);
    if (open === undefined) this.#reads.set(variable, (open = new Map()));
    return open;
  }
  /** Puts the node's value in a local now. */
  #keep(node: Node): void {
    const value = this.#expr(node);
    node.local = this.graph.local(node.dtype, node.lanes);
    this.#out.push({ kind: "set", local: node.local, value });
  }
  /** What is about to change is kept for those who still need it as it is. */
  #save(open: Map<Node, number> | undefined): void {
    if (open === undefined || open.size === 0) return;
    for (const node of open.keys()) this.#keep(node);
    open.clear();
  }
  /** One use of a value. */
  #use(node: Node): LoopExpr {
    if (node.local) return node.local;
    if (node.kind === "read" || node.kind === "load") {
      const open = this.#openOf(node);
      const left = open.get(node);
      if (left !== undefined) {
        if (left > 1) open.set(node, left - 1);
        else open.delete(node);
      }
    }
    return this.#expr(node);
  }
  #expr(node: Node): LoopExpr {
    return node.build(node.args.map((a) => this.#use(a)));
  }
}
