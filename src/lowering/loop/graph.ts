/**
 * Values of a loop program while it is built: hash-consed nodes, each placed in the outermost loop in which its operands
 * exist (so invariant arithmetic is hoisted and shared by construction), between effects that keep their order.
 */
import { internal } from "../../diagnostics/error.js";
import type { DType } from "../../ir/dtype.js";
import type { LoopExpr, LoopLocal, LoopStmt } from "../../ir/loop.js";
import type { ElementwisePrim } from "../../ir/tile.js";

/**
 * - pure: may be computed anywhere, shared and duplicated
 * - const: a constant or a loop's index; costs nothing to repeat
 * - read: the value that a variable has at this point
 * - load: the value that memory has at this point
 */
export type NodeKind = "pure" | "const" | "read" | "load";

export interface Node {
  readonly id: number;
  readonly kind: NodeKind;
  readonly dtype: DType;
  readonly lanes: number;
  readonly args: readonly Node[];
  readonly build: (args: readonly LoopExpr[]) => LoopExpr;
  readonly region: Region;
  /** For i32 scalars: known to be ≥ 0. */
  readonly natural: boolean;
  /** What the value is, for the pattern matches of the builder. */
  readonly shape: NodeShape | undefined;
  readonly variable: Variable | undefined;
  /** Of i32 scalars, when asked for. */
  linear: Linear | undefined;
  /** Filled by linearisation. */
  uses: number;
  outside: boolean;
  depth: number;
  local: LoopLocal | undefined;
}
export type NodeShape =
  | { readonly is: "const"; readonly value: number | bigint | boolean }
  | { readonly is: "op"; readonly prim: ElementwisePrim }
  | { readonly is: "splat" }
  | { readonly is: "pack" };

/** constant + Σ factor · term, modulo 2^32. */
export interface Linear {
  readonly terms: ReadonlyMap<Node, number>;
  readonly constant: number;
}

/** A mutable register. */
export interface Variable {
  readonly local: LoopLocal;
  /** Where it was defined. */
  readonly region: Region;
  version: number;
}

export type Item =
  | { readonly kind: "node"; readonly node: Node }
  /** Loads that users ask for later, made as if they stood here. */
  | { readonly kind: "group"; readonly nodes: readonly Node[] }
  | {
      readonly kind: "effect";
      readonly args: readonly Node[];
      /** The effect only serves this value: it is left out where nobody uses that. */
      readonly serves?: Node;
      readonly assigns: Variable | undefined;
      readonly stores: boolean;
      readonly build: (args: readonly LoopExpr[]) => LoopStmt;
    }
  | {
      readonly kind: "nested";
      readonly args: readonly Node[];
      readonly regions: readonly Region[];
      readonly build: (
        args: readonly LoopExpr[],
        bodies: readonly (readonly LoopStmt[])[],
        tests: readonly LoopExpr[],
      ) => LoopStmt;
    };

export interface Region {
  readonly kind: "function" | "loop" | "branch";
  readonly parent: Region | undefined;
  readonly depth: number;
  readonly items: Item[];
  readonly table: Map<string, Node>;
  /** A loop's variables that are assigned somewhere inside: known before the region is filled. */
  readonly assigned: ReadonlySet<Variable>;
  /** What is assigned and stored inside, collected while it is filled. */
  readonly writes: Set<Variable>;
  stores: boolean;
  /** A serial for loop. */
  readonly counting: { readonly index: Node; readonly start: Node; readonly step: number } | undefined;
  /** Effects that end each iteration. */
  readonly last: Item[];
  /** A while loop: its test and the number of items before it. */
  test: { readonly node: Node; readonly at: number } | undefined;
}

function makeRegion(
  kind: Region["kind"],
  parent: Region | undefined,
  assigned: ReadonlySet<Variable>,
  counting: (region: Region) => Region["counting"] = () => undefined,
): Region {
  const region: { -readonly [K in keyof Region]: Region[K] } = {
    kind,
    parent,
    depth: parent ? parent.depth + 1 : 0,
    items: [],
    table: new Map(),
    assigned,
    writes: new Set(),
    stores: false,
    counting: undefined,
    last: [],
    test: undefined,
  };
  region.counting = counting(region);
  return region;
}

export class Graph {
  readonly root: Region = makeRegion("function", undefined, new Set());
  region: Region = this.root;
  /** How many nodes there are: their numbers count up to here. */
  nodes = 0;
  #nextLocal = 0;
  #group: { readonly region: Region; readonly nodes: Node[] } | undefined;

  local(dtype: DType, lanes: number, name?: string): LoopLocal {
    return { kind: "local", id: this.#nextLocal++, dtype, lanes, name };
  }

  node(
    kind: NodeKind,
    key: string | undefined,
    dtype: DType,
    lanes: number,
    args: readonly Node[],
    build: (args: readonly LoopExpr[]) => LoopExpr,
    options: { natural?: boolean; shape?: NodeShape; cheap?: boolean; region?: Region; variable?: Variable } = {},
  ): Node {
    if (key !== undefined) {
      for (let r: Region | undefined = this.region; r; r = r.parent) {
        const found = r.table.get(key);
        if (found) return found;
      }
    }
    let region = options.region;
    if (!region) {
      if (kind === "load") region = this.#group?.region ?? this.region;
      else {
        let deepest = this.root;
        for (let i = 0; i < args.length; i++) {
          const own = args[i].region;
          if (own.depth > deepest.depth) deepest = own;
        }
        region = this.region;
        while (region !== deepest && region.parent) {
          // work inside a branch stays there unless it costs next to nothing
          if (region.kind === "branch" && !options.cheap) break;
          region = region.parent;
        }
      }
    }
    const node: Node = {
      id: this.nodes++,
      kind,
      dtype,
      lanes,
      args,
      build,
      region,
      natural: options.natural ?? false,
      shape: options.shape,
      variable: options.variable,
      linear: undefined,
      uses: 0,
      outside: false,
      depth: 0,
      local: undefined,
    };
    if (key !== undefined) region.table.set(key, node);
    if (kind === "load" && this.#group) this.#group.nodes.push(node);
    else if (kind !== "const") region.items.push({ kind: "node", node });
    return node;
  }
  /** A place for loads that are made later: what they load is what memory holds here. */
  loadPlace(): (make: () => Node) => Node {
    const nodes: Node[] = [];
    const { region } = this;
    region.items.push({ kind: "group", nodes });
    return (make) => {
      const outer = this.#group;
      this.#group = { region, nodes };
      const node = make();
      this.#group = outer;
      return node;
    };
  }

  /** A register that the program assigns. Its first value is an assignment. */
  variable(dtype: DType, lanes: number, name?: string): Variable {
    return { local: this.local(dtype, lanes, name), region: this.region, version: 0 };
  }
  /** `natural` promises that the variable is never negative. */
  read(v: Variable, natural = false): Node {
    // a variable that the enclosing loops leave alone is read outside of them, so that what depends on it is invariant
    let region = this.region;
    while (region !== v.region && region.parent && region.kind === "loop" && !region.assigned.has(v))
      region = region.parent;
    const { local } = v;
    return this.node("read", `read:${local.id}:${v.version}`, local.dtype, local.lanes, [], () => local, {
      region,
      variable: v,
      natural,
    });
  }
  assign(v: Variable, value: Node): void {
    v.version++;
    this.#note((r) => r.writes.add(v));
    const { local } = v;
    this.region.items.push({
      kind: "effect",
      args: [value],
      assigns: v,
      stores: false,
      build: ([x]) => ({ kind: "set", local, value: x }),
    });
  }
  store(args: readonly Node[], build: (args: readonly LoopExpr[]) => LoopStmt): void {
    this.#note((r) => {
      r.stores = true;
    });
    this.region.items.push({ kind: "effect", args, assigns: undefined, stores: true, build });
  }
  #note(f: (r: Region) => void): void {
    for (let r: Region | undefined = this.region; r; r = r.parent) f(r);
  }

  #inside(
    kind: "loop" | "branch",
    assigned: ReadonlySet<Variable>,
    fill: () => void,
    counting?: (region: Region) => Region["counting"],
  ): Region {
    // what a loop assigns has another value in its next iteration: nothing read before is that value
    if (kind === "loop") for (const v of assigned) v.version++;
    const region = makeRegion(kind, this.region, assigned, counting);
    this.region = region;
    fill();
    const { parent } = region;
    if (!parent) internal("a region without a parent");
    for (const item of region.last) region.items.push(item);
    this.region = parent;
    return region;
  }
  for(
    start: Node,
    end: Node,
    step: number,
    axis: "grid" | "serial",
    assigned: ReadonlySet<Variable>,
    body: (index: Node) => void,
  ): void {
    const local = this.local("i32", 1, axis === "grid" ? "program" : undefined);
    const index = (region: Region): Node =>
      this.node("const", undefined, "i32", 1, [], () => local, { region, natural: start.natural });
    const region = this.#inside(
      "loop",
      assigned,
      () => body(this.region.counting?.index ?? index(this.region)),
      axis === "grid" ? undefined : (r) => ({ index: index(r), start, step }),
    );
    this.region.items.push({
      kind: "nested",
      args: [start, end],
      regions: [region],
      build: ([s, e], [stmts]) => ({ kind: "for", index: local, start: s, end: e, step, axis, body: stmts }),
    });
  }
  /** A value that begins a serial loop as `first` (known outside of it) and grows by `step` with each iteration. */
  induction(region: Region, key: string, first: () => Node, step: number): Node {
    const known = region.table.get(key);
    if (known) return known;
    const { parent } = region;
    if (!parent || !region.counting) internal("an induction outside of a counting loop");
    const local = this.local("i32", 1);
    const init = first();
    const node = this.node("const", key, "i32", 1, [], () => local, { region });
    const effect = (args: readonly Node[], value: (args: readonly LoopExpr[]) => LoopExpr): Item => {
      const build = (xs: readonly LoopExpr[]): LoopStmt => ({ kind: "set", local, value: value(xs) });
      return { kind: "effect", args, serves: node, assigns: undefined, stores: false, build };
    };
    parent.items.push(effect([init], ([x]) => x));
    const by: LoopExpr = { kind: "const", dtype: "i32", lanes: 1, value: step };
    region.last.push(
      effect([], () => ({ kind: "op", prim: "add", dtype: "i32", lanes: 1, args: [local, by], params: {} })),
    );
    return node;
  }
  while(assigned: ReadonlySet<Variable>, test: () => Node, body: () => void): void {
    const region = this.#inside("loop", assigned, () => {
      const node = test();
      this.region.test = { node, at: this.region.items.length };
      body();
    });
    this.region.items.push({
      kind: "nested",
      args: [],
      regions: [region],
      build: (_, [stmts], [t]) => {
        const at = stmts.findIndex((s) => s === TEST_MARK);
        return { kind: "while", cond: stmts.slice(0, at), test: t, body: stmts.slice(at + 1) };
      },
    });
  }
  if(test: Node, then: () => void, otherwise: () => void): void {
    const regions = [this.#inside("branch", new Set(), then), this.#inside("branch", new Set(), otherwise)];
    this.region.items.push({
      kind: "nested",
      args: [test],
      regions,
      build: ([t], [a, b]) => ({ kind: "if", test: t, then: a, else: b }),
    });
  }
}

/** Stands in a statement list where a while loop tests; never leaves this folder. */
export const TEST_MARK: LoopStmt = {
  kind: "while",
  cond: [],
  test: { kind: "const", dtype: "bool", lanes: 1, value: false },
  body: [],
};
