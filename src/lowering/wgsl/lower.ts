/**
 * Tile programs to WGSL: a shader for each grid stage. Programs of the grid are counted as one line of workgroups, which a dispatch folds
 * where there are more than fit along one dimension; invocations beyond the last program do nothing.
 */
import { fail, internal } from "../../diagnostics/error.js";
import { type Dim, dimProduct, isStatic, type SymDim } from "../../ir/dim.js";
import type { Program } from "../../ir/program.js";
import type { TileRef, TileStage, TileStmt } from "../../ir/tile.js";
import { tileAccesses } from "../../ir/tile-refs.js";
import type { GpuLimits } from "../target.js";
import { prod } from "../../util/index.js";
import { Arithmetic } from "./arithmetic.js";
import { Body } from "./body.js";
import { Library } from "./library/index.js";
import { StoredArray } from "./memory.js";
import { PrivateExchange } from "./private.js";
import type { WgslBinding, WgslKernel, WgslParameter, WgslShader } from "./shader.js";
import type { Setting } from "./setting.js";
import { Lines, Names } from "./text.js";
import { WorkgroupExchange } from "./workgroup.js";

export interface WgslOptions {
  readonly limits: GpuLimits;
  /** Whose a program is: one invocation's, or all of a workgroup's. */
  readonly distribution: WgslShader["distribution"];
}

/**
 * Invocations of a workgroup whose programs have nothing to do with each other: few, so that few programs are spread over the
 * whole device; a whole workgroup where there are plenty, since devices start only so many workgroups in a second.
 */
const SEPARATE = 64;
const PLENTY = 1 << 18;
/** Fewer invocations than a GPU runs in step are not worth less. */
const FEWEST = 32;

export function lowerToWgsl(program: Program<"tile">, options: WgslOptions): WgslKernel {
  const name = program.name.replace(/\W/g, "_");
  const several = program.stages.length > 1;
  return {
    name,
    shaders: program.stages.map((stage, i) => stageShader(program, stage, several ? `${name}_${i}` : name, options)),
  };
}

function atomicRefs(body: readonly TileStmt[], found = new Set<TileRef>()): Set<TileRef> {
  for (const s of body) {
    if (s.kind === "atomic" || s.kind === "atomic_cas") found.add(s.ref);
    else if (s.kind === "for") atomicRefs(s.body, found);
    else if (s.kind === "while") atomicRefs([...s.cond, ...s.body], found);
    else if (s.kind === "if") atomicRefs([...s.then, ...s.else], found);
  }
  return found;
}

/** The elements of the largest block, as a power of two, up to a whole workgroup. */
function lanesFor(body: readonly TileStmt[], most: number): number {
  let largest = 1;
  const visit = (list: readonly TileStmt[]): void => {
    for (const s of list) {
      if ("out" in s) largest = Math.max(largest, prod(s.out.shape));
      if (s.kind === "for") visit(s.body);
      else if (s.kind === "while") visit([...s.cond, ...s.body]);
      else if (s.kind === "if") visit([...s.then, ...s.else]);
    }
  };
  visit(body);
  let lanes = FEWEST;
  while (lanes < largest && lanes < most) lanes *= 2;
  return lanes;
}

function stageShader(
  program: Program<"tile">,
  stage: TileStage,
  name: string,
  { limits, distribution }: WgslOptions,
): WgslShader {
  const library = new Library();
  const arithmetic = new Arithmetic(library);
  const names = new Names(Library.names);
  const lines = new Lines();
  const { read, written } = tileAccesses(stage.body);
  const atomics = atomicRefs(stage.body);
  const arrays = new Map<TileRef, StoredArray>();
  const bindings: WgslBinding[] = [];
  const parameters: WgslParameter[] = [{ kind: "programs", name: "programs" }];
  program.refs.forEach((ref, position) => {
    if (!read.has(ref) && !written.has(ref)) return;
    const array = new StoredArray(
      ref,
      names.fresh(ref.name, "ref"),
      written.has(ref),
      atomics.has(ref),
      limits.f16,
      arithmetic,
    );
    arrays.set(ref, array);
    bindings.push({ ref, position, access: array.written ? "read_write" : "read" });
    parameters.push({ kind: "start", name: `${array.name}_start`, binding: bindings.length });
  });
  if (bindings.length > limits.bindings)
    fail(
      "TW2011",
      `${name} uses ${bindings.length} arrays, and a GPU need not have more than ${limits.bindings} for a kernel`,
    );
  const sizes = new Map<string, string>();
  const size = (s: SymDim): string => {
    const key = String(s);
    let known = sizes.get(key);
    if (known === undefined) {
      known = names.fresh(/^\w+$/.test(key) ? key : undefined, "size");
      sizes.set(key, known);
      parameters.push({ kind: "size", name: known, size: s });
    }
    return `params.${known}`;
  };
  const whole = distribution === "workgroup";
  const lanes = whole ? lanesFor(stage.body, limits.workgroupSize) : 1;
  const programs = dimProduct(stage.grid);
  const separate = isStatic(programs) && programs >= PLENTY ? limits.workgroupSize : SEPARATE;
  const workgroupSize = whole ? lanes : Math.min(separate, limits.workgroupSize);
  const setting: Setting = {
    lines,
    names,
    arithmetic,
    array: (ref) => arrays.get(ref) ?? internal("a reference that is not bound"),
    size,
    programId: (axis) => ids[axis] ?? internal("no such axis of the grid"),
  };
  const body = new Body(setting, lanes);
  const shared = new WorkgroupExchange(body, lanes, Math.floor(limits.workgroupBytes / 4));
  body.exchange = whole ? shared : new PrivateExchange(body);

  const line = "group.y * groups.x + group.x";
  lines.add(`let program = i32(${whole ? line : `(${line}) * ${workgroupSize}u + local`});`);
  if (whole) lines.add("let lane = i32(local);");
  lines.add("if (program >= params.programs) { return; }");
  const ids = programIds(stage.grid, names, lines, size);
  body.run(stage.body);
  if (body.bytes > limits.privateBytes)
    fail(
      "TW2011",
      `${name} holds ${body.bytes} bytes of blocks in each invocation, and a GPU need not have more than ${limits.privateBytes}`,
      { help: "use smaller blocks" },
    );

  const code: string[] = [
    `// ${name}: grid [${stage.grid.map(String).join(", ")}], ${whole ? "a workgroup" : "an invocation"} for each program`,
  ];
  if (limits.f16 && [...arrays.keys()].some((r) => r.dtype === "f16")) code.push("enable f16;");
  code.push("", "struct Params {");
  for (const p of parameters) code.push(`  ${p.name}: i32,`);
  code.push("}", "@group(0) @binding(0) var<uniform> params: Params;");
  bindings.forEach(({ ref }, i) => {
    code.push(`@group(0) @binding(${i + 1}) ${setting.array(ref).declaration}`);
  });
  if (shared.words > 0) code.push(`var<workgroup> words: array<u32, ${shared.words}>;`);
  for (const text of library.text()) code.push("", text);
  for (const array of arrays.values()) for (const text of array.functions) code.push("", text);
  code.push(
    "",
    `@compute @workgroup_size(${workgroupSize})`,
    "fn main(",
    "  @builtin(workgroup_id) group: vec3u,",
    "  @builtin(num_workgroups) groups: vec3u,",
    "  @builtin(local_invocation_index) local: u32,",
    ") {",
    ...lines.lines,
    "}",
    "",
  );
  return {
    name,
    code: code.join("\n"),
    workgroupSize,
    distribution,
    programs,
    rounds: stage.rounds,
    parameters,
    bindings,
    workgroupBytes: 4 * shared.words,
    features: limits.f16 && code.includes("enable f16;") ? ["shader-f16"] : [],
  };
}

/** The number of a program along each axis of the grid, from its number in the line. */
function programIds(grid: readonly Dim[], names: Names, lines: Lines, size: (s: SymDim) => string): string[] {
  const extents = grid.map((d) => (isStatic(d) ? String(d) : size(d)));
  const ids = new Array<string>(grid.length).fill("0");
  let rest = "program";
  const outermost = grid.findIndex((d) => d !== 1);
  for (let axis = grid.length - 1; axis >= 0; axis--) {
    if (grid[axis] === 1) continue;
    if (axis === outermost) {
      ids[axis] = rest;
      break;
    }
    const id = names.fresh(`id${axis}`, "id");
    lines.add(`let ${id} = ${rest} % ${extents[axis]};`);
    ids[axis] = id;
    const next = names.fresh(`programs${axis}`, "rest");
    lines.add(`let ${next} = ${rest} / ${extents[axis]};`);
    rest = next;
  }
  return ids;
}
