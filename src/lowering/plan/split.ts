/** Stages of a kernel that become kernels of their own: what they write is memory that the rest reads. */
import type { TileProgram, TileRef, TileStage } from "../../ir/tile.js";
import { type TileAccesses, tileAccesses, withRefs } from "../../ir/tile-refs.js";

/** A stage that does nothing but fill scratch memory from operands: a copy in the order in which the rest reads it. */
export interface Preparation {
  readonly stage: number;
  /** Positions among the kernel's references. */
  readonly reads: readonly number[];
  readonly writes: number;
}

/** Some stages of a kernel as kernels of their own, and the rest. */
export interface SplitKernel {
  readonly parts: readonly KernelPart[];
  readonly rest: KernelPart;
}
export interface KernelPart {
  readonly kernel: TileProgram;
  /** For each of its references the position among those of the whole. */
  readonly refs: readonly number[];
}

const preparations = new WeakMap<TileProgram, readonly Preparation[]>();
const splits = new WeakMap<TileProgram, Map<string, SplitKernel>>();

/** The stages of a kernel that could be done earlier, as far as the kernel itself is concerned. */
export function preparationsOf(kernel: TileProgram): readonly Preparation[] {
  let known = preparations.get(kernel);
  if (!known) {
    known = kernel.stages.length < 2 ? [] : findPreparations(kernel);
    preparations.set(kernel, known);
  }
  return known;
}

function findPreparations({ stages, refs }: TileProgram): Preparation[] {
  const accesses = stages.map((s) => tileAccesses(s.body));
  const result: Preparation[] = [];
  accesses.forEach(({ read, written }, stage) => {
    const [target] = written;
    if (stages[stage].rounds || written.size !== 1 || target.role !== "scratch" || read.size === 0) return;
    if ([...read].some((r) => r.role !== "in")) return;
    const others = accesses.filter((_, i) => i !== stage);
    // nobody else writes it, and nobody reads it before
    if (others.some((a) => a.written.has(target))) return;
    if (accesses.slice(0, stage).some((a) => a.read.has(target))) return;
    result.push({ stage, reads: [...read].map((r) => refs.indexOf(r)), writes: refs.indexOf(target) });
  });
  return result;
}

/** The kernel without these stages, and each of them by itself. */
export function splitKernel(kernel: TileProgram, apart: readonly Preparation[]): SplitKernel {
  const known = splits.get(kernel) ?? new Map<string, SplitKernel>();
  splits.set(kernel, known);
  const key = apart.map((p) => p.stage).join();
  let split = known.get(key);
  if (!split) {
    split = makeSplit(kernel, apart);
    known.set(key, split);
  }
  return split;
}

function makeSplit(kernel: TileProgram, apart: readonly Preparation[]): SplitKernel {
  const prepared = new Set(apart.map((p) => kernel.refs[p.writes]));
  const stages = new Set(apart.map((p) => p.stage));
  return {
    parts: apart.map((p) => {
      const stage = kernel.stages[p.stage];
      return part(kernel, `${kernel.name}_pack`, [stage], prepared, "out", []);
    }),
    rest: part(
      kernel,
      kernel.name,
      kernel.stages.filter((_, i) => !stages.has(i)),
      prepared,
      "in",
      kernel.notes,
    ),
  };
}

function part(
  kernel: TileProgram,
  name: string,
  stages: readonly TileStage[],
  prepared: ReadonlySet<TileRef>,
  role: "in" | "out",
  notes: readonly string[],
): KernelPart {
  const accesses: TileAccesses[] = stages.map((s) => tileAccesses(s.body));
  const isUsed = (r: TileRef): boolean => accesses.some((a) => a.read.has(r) || a.written.has(r));
  const positions = kernel.refs.flatMap((r, i) => (isUsed(r) ? [i] : []));
  const changed = new Map<TileRef, TileRef>();
  for (const r of prepared) changed.set(r, { ...r, role });
  const refOf = (r: TileRef): TileRef => changed.get(r) ?? r;
  return {
    kernel: {
      phase: "tile",
      name,
      refs: positions.map((i) => refOf(kernel.refs[i])),
      stages: stages.map((s) => ({ ...s, body: withRefs(s.body, refOf) })),
      notes,
    },
    refs: positions,
  };
}
