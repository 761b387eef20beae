/**
 * Where an adjoint kernel adds up cotangents, without a race and in an order that depends on sizes only:
 * - in place by plain stores, where programs and lanes touch different elements;
 * - along axes of the grid whose programs may meet: one program after the other, in place, when enough programs stay independent;
 *   else in runs, each with a sum of its own, and the sums are added afterwards;
 * - lanes of one program that may meet add one at a time.
 * References that need different axes in order get kernels of their own, unless one kernel has enough programs for both.
 */
import { aval } from "../../../ir/aval.js";
import type { Builder } from "../../../ir/builder.js";
import { type Dim, isStatic } from "../../../ir/dim.js";
import { byteSize } from "../../../ir/dtype.js";
import { hintOf } from "../../../ir/size.js";
import type { Atom, Program, Var } from "../../../ir/program.js";
import { prune } from "../../../simplify/index.js";
import { type MaybeZero, zeros } from "../emit.js";
import { fill, keep, split } from "../programs.js";
import { absentLanes, type Access, accessesOf, type Accesses, apartOnGrid, coversAll, lanesApart } from "./access.js";
import { type Gridded, loopAsAxis, sumInside } from "./inside.js";
import { type Plan, type Runs, relocate } from "./relocate.js";

type Core = Program<"core">;

/** Programs that can run at once, from which work is shared well enough. */
const ENOUGH = 16;
/** Elements of work below which nothing is gained by sharing it. */
const SMALL = 2 ** 14;
/** Bytes of partial sums that are always allowed; beyond, not more than the operands take. */
const PARTIALS = 2 ** 23;

/** What a reference that the adjoint writes is. */
export type Out =
  /** An out of the kernel itself, written again. */
  | { readonly kind: "again"; readonly start: Atom | null }
  /** The cotangent of an out; `wanted`: what is left of it is the cotangent of what the out started from. */
  | { readonly kind: "cotangent"; readonly start: Atom; readonly wanted: boolean }
  /** The cotangent of something read, which programs add to. */
  | { readonly kind: "sum"; readonly start: MaybeZero };

interface Adjoint {
  /** (…operands, …program ids, …outs) → outs. Flat. */
  readonly body: Core;
  readonly operands: readonly Atom[];
  readonly outs: readonly Out[];
  readonly grid: readonly Dim[];
  readonly serial: readonly boolean[] | undefined;
  readonly name: string;
}

/** Emits the adjoint; gives what is left in each out that is wanted. */
export function placed(b: Builder, adjoint: Adjoint, only?: readonly number[]): readonly MaybeZero[] {
  const { body, operands, outs, grid } = adjoint;
  const vars = body.inputs.slice(operands.length + grid.length);
  const ids = body.inputs.slice(operands.length, operands.length + grid.length);
  const accesses = accessesOf(body, ids, grid, vars).of;
  const meets = outs.map((_, k) => serialAxes(accesses.get(vars[k]), vars[k], grid));
  const wanted = only ?? outs.flatMap((o, k) => (o.kind === "sum" || (o.kind === "cotangent" && o.wanted) ? [k] : []));
  const work = grid.reduce<number>((n, d) => n * hintOf(d), 1) * mostLanes(accesses);

  const groups: { members: number[]; serial: readonly boolean[] }[] = [];
  const size = (mask: readonly boolean[]): number => mask.filter((x) => x).length;
  for (const k of [...wanted].sort((x, y) => size(meets[y]) - size(meets[x]))) {
    const holds = groups.find(
      (g) =>
        meets[k].every((m, a) => !m || g.serial[a]) &&
        (size(g.serial) === size(meets[k]) || work < SMALL || canShare(adjoint, vars, g, meets)),
    );
    if (holds) holds.members.push(k);
    else groups.push({ members: [k], serial: meets[k] });
  }
  const results: MaybeZero[] = outs.map(() => null);
  for (const g of groups) {
    const inside = g.serial.includes(true) && work >= SMALL ? addingInside(adjoint, g.members) : null;
    if (inside) {
      const found = placed(b, inside, g.members);
      for (const k of g.members) results[k] = found[k];
    } else emitGroup(b, adjoint, { ...g, meets, work, results });
  }
  return results;
}

/**
 * A kernel that only adds up, so that each program has its own elements and adds up over what was an axis of the grid; null where
 * it does more, or too few programs would be left.
 */
function addingInside(adjoint: Adjoint, members: readonly number[]): Adjoint | null {
  const { operands, outs } = adjoint;
  const live = outs.map((_, k) => members.includes(k));
  const { program } = prune(adjoint.body, live);
  let next = 0;
  const outVars = adjoint.body.inputs.slice(operands.length + adjoint.grid.length);
  const outputs = outs.map((_, k) => (live[k] ? program.outputs[next++] : outVars[k]));
  const look = (g: Gridded) => {
    const [, ids, vars] = split(g.body.inputs, operands.length, g.grid.length);
    const { of } = accessesOf(g.body, ids, g.grid, vars);
    const uses = members.map((k) => of.get(vars[k]));
    const meets = members.map((k) => serialAxes(of.get(vars[k]), vars[k], g.grid));
    return { uses, serial: g.grid.map((_, a) => meets.some((m) => m[a])) };
  };
  let made: Gridded = { body: { ...program, outputs }, grid: adjoint.grid };
  const axes = loopAsAxis(made, operands.length, members);
  // steps that meet stay steps
  if (axes && look(axes).serial[axes.grid.length - 1] === false) made = axes;
  const { uses, serial } = look(made);
  const independent = made.grid.reduce<number>((n, d, a) => (serial[a] ? n : n * hintOf(d)), 1);
  const axis = serial.indexOf(true);
  if (axis < 0 || serial.indexOf(true, axis + 1) >= 0 || independent < ENOUGH) return null;
  const single = new Map<number, Access>();
  members.forEach((k, i) => {
    const u = uses[i];
    if (u && !u.opaque && u.list.length === 1 && u.list[0].once) single.set(k, u.list[0]);
  });
  const sums = single.size === members.length ? sumInside(made, operands.length, single, axis) : null;
  return sums && { ...adjoint, ...sums, serial: undefined };
}

function serialAxes(found: Accesses | undefined, v: Var, grid: readonly Dim[]): readonly boolean[] {
  return found ? apartOnGrid(found, grid, v.aval.shape.length).map((x) => !x) : grid.map(() => true);
}

function mostLanes(all: ReadonlyMap<Var, Accesses>): number {
  let most = 1;
  for (const { list } of all.values())
    for (const { lanes } of list)
      most = Math.max(
        most,
        lanes.reduce((n, l) => n * (Number.isFinite(l.extent) ? l.extent : 1024), 1),
      );
  return most;
}

interface Group {
  readonly members: readonly number[];
  readonly serial: readonly boolean[];
}

const bytesOf = (v: { readonly aval: Atom["aval"] }): number =>
  v.aval.shape.reduce<number>((n, d) => n * hintOf(d), byteSize(v.aval.dtype));

/** How the grid is cut into runs with sums of their own: null when programs are enough, or memory would not do. */
function runsOf(
  { grid, operands, outs }: Adjoint,
  vars: readonly Var[],
  { members, serial }: Group,
  meets: readonly (readonly boolean[])[],
): Runs | null {
  if (!grid.every(isStatic)) return null;
  const sizes = grid.map(Number);
  const independent = sizes.reduce((n, d, a) => (serial[a] ? n : n * d), 1);
  if (independent >= ENOUGH || !serial.includes(true)) return null;
  const axis = sizes.reduce((best, d, a) => (serial[a] && (best < 0 || d > sizes[best]) ? a : best), -1);
  const partial = members.filter((k) => meets[k][axis]);
  if (partial.some((k) => outs[k].kind !== "sum")) return null;
  const each = partial.reduce((n, k) => n + bytesOf(vars[k]), 0);
  const limit = Math.max(PARTIALS, 2 * operands.reduce((n, x) => n + bytesOf(x), 0));
  const n = sizes[axis];
  const most = Math.min(Math.ceil(ENOUGH / independent), n, Math.floor(limit / Math.max(each, 1)));
  if (most < 2) return null;
  // runs of equal length where the size has a fitting divisor
  const fits = fill(most, 0)
    .map((_, i) => most - i)
    .find((c) => n % c === 0);
  const runs = fits !== undefined && 2 * fits > most ? fits : most;
  const length = Math.ceil(n / runs);
  return { axis, runs: Math.ceil(n / length), length, size: n };
}

function canShare(adjoint: Adjoint, vars: readonly Var[], g: Group, meets: readonly (readonly boolean[])[]): boolean {
  const independent = adjoint.grid.reduce<number>((n, d, a) => (g.serial[a] ? n : n * hintOf(d)), 1);
  return independent >= ENOUGH || (runsOf(adjoint, vars, g, meets)?.runs ?? 1) * independent >= ENOUGH / 2;
}

function emitGroup(
  b: Builder,
  adjoint: Adjoint,
  g: Group & { meets: readonly (readonly boolean[])[]; work: number; results: MaybeZero[] },
): void {
  const { body, operands, outs, grid, name } = adjoint;
  const first = operands.length + grid.length;
  const vars = body.inputs.slice(first);
  const ids = body.inputs.slice(operands.length, first);
  // an out that is read as it is needs no place of its own; one that is written again does
  const live = outs.map((_, k) => g.members.includes(k));
  let step = prune(body, live);
  let found = accessesOf(step.program, ids, grid, vars);
  for (;;) {
    const more = outs.map((o, k) => {
      const uses = found.of.get(vars[k]);
      const reads = o.kind === "cotangent" && uses && !uses.opaque && uses.list.every((x) => x.eqn.prim === "load");
      return live[k] || (step.used[first + k] && !reads);
    });
    if (more.every((x, k) => x === live[k])) break;
    more.forEach((x, k) => {
      live[k] = x;
    });
    step = prune(body, live);
    found = accessesOf(step.program, ids, grid, vars);
  }
  const inOrder = (k: number): readonly boolean[] | undefined =>
    outs[k].kind === "again" ? adjoint.serial : g.meets[k];
  const serial = grid.map((n, a) => n !== 1 && (g.serial[a] || live.some((l, k) => l && inOrder(k)?.[a])));
  const members = outs.flatMap((_, k) => (live[k] ? [k] : []));
  const opaque = members.some(
    (k) =>
      (outs[k].kind === "again" ? adjoint.serial?.includes(true) === true : found.of.get(vars[k])?.opaque) !== false,
  );
  const runs = g.work < SMALL || opaque ? null : runsOf(adjoint, vars, { members, serial }, g.meets);

  const plans = new Map<Var, Plan>();
  const starts: MaybeZero[] = outs.map(() => null);
  const notes: string[] = [];
  for (const k of members) {
    const o = outs[k];
    const uses = found.of.get(vars[k]);
    if (o.kind !== "sum" || !uses) {
      starts[k] = o.start;
      continue;
    }
    const [only] = uses.list;
    const alone =
      o.start === null &&
      uses.list.length === 1 &&
      only.eqn.prim === "atomic" &&
      !g.meets[k].includes(true) &&
      lanesApart(only, absentLanes(only)) &&
      coversAll(only, vars[k].aval.shape);
    const partial = runs !== null && g.meets[k][runs.axis];
    plans.set(vars[k], { accesses: uses, store: alone, partial });
    if (partial && runs) starts[k] = zeros(b, aval([runs.runs, ...vars[k].aval.shape], vars[k].aval.dtype));
    else if (!alone) starts[k] = o.start ?? zeros(b, vars[k].aval);
    notes.push(describe(vars[k], { uses, alone, partial, meets: g.meets[k], serial, runs }));
  }

  const read = outs.map((_, k) => !live[k] && step.used[first + k]);
  const moved = relocate(step.program, {
    operands: operands.length,
    ids,
    vars,
    live,
    read,
    grid,
    serial,
    runs,
    plans,
    accesses: found.all,
  });
  const results = b.emit(
    "kernel_call",
    [
      ...operands,
      ...outs.flatMap((o, k) => (read[k] && o.start ? [o.start] : [])),
      ...starts.flatMap((s, k) => (live[k] && s !== null ? [s] : [])),
    ],
    {
      body: moved.body,
      grid: moved.grid,
      inits: keep(starts, live).map((s) => s !== null),
      name,
      ...(moved.serial.includes(true) ? { serial: moved.serial } : {}),
      ...(notes.length > 0 ? { notes } : {}),
    },
  );
  members.forEach((k, i) => {
    if (!g.members.includes(k)) return;
    const o = outs[k];
    if (runs === null || !plans.get(vars[k])?.partial) {
      g.results[k] = results[i];
      return;
    }
    const sum = b.reduceSum(results[i], [0]);
    g.results[k] = o.start === null ? sum : b.add(o.start, sum);
  });
}

interface Choice {
  readonly uses: Accesses;
  readonly alone: boolean;
  readonly partial: boolean;
  readonly meets: readonly boolean[];
  readonly serial: readonly boolean[];
  readonly runs: Runs | null;
}
function describe(v: Var, { uses, alone, partial, meets, runs }: Choice): string {
  const what = v.name ?? "a cotangent";
  if (alone) return `${what}: stored, since every element is touched once`;
  const axes = meets.flatMap((m, a) => (m ? [a] : []));
  const list = axes.length === 1 ? `axis ${axes[0]}` : `axes ${axes.join(", ")}`;
  const where =
    axes.length === 0
      ? "added in place, since programs touch different elements"
      : partial && runs
        ? `programs along ${list} of the grid meet: ${runs.runs} partial sums of ${runs.length} programs each, added afterwards`
        : `programs along ${list} of the grid meet: they run one after the other and add in place`;
  const lanes = uses.opaque || uses.list.every((x) => lanesApart(x, absentLanes(x)));
  return `${what}: ${where}${lanes ? "" : "; lanes may meet and add one at a time"}`;
}
