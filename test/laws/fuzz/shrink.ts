/** Makes a failing program smaller while it keeps failing: fewer outputs, fewer equations, simpler nested programs. */
import { avalSame } from "../../../src/ir/aval.js";
import { Builder } from "../../../src/ir/builder.js";
import { type AnyEqn, type Atom, isVar, type Program, Var } from "../../../src/ir/program.js";

type Core = Program<"core">;
/** What an equation becomes: its new results, or undefined to copy it. */
type Edit = (b: Builder, eqn: AnyEqn, inputs: readonly Atom[], index: number) => readonly Atom[] | undefined;

function rebuild(p: Core, edit: Edit, outputs: readonly Atom[] = p.outputs): Core {
  const b = new Builder();
  const env = new Map<Var, Atom>(p.inputs.map((v) => [v, b.input(v.aval, v.name)]));
  const read = (a: Atom): Atom => (isVar(a) ? (env.get(a) ?? a) : a);
  p.eqns.forEach((eqn, i) => {
    const inputs = eqn.inputs.map(read);
    const results = edit(b, eqn, inputs, i) ?? b.emit(eqn.prim, inputs, eqn.params as never, eqn.span);
    eqn.outputs.forEach((v, k) => env.set(v, results[k]));
  });
  return withoutDead(b.finish(outputs.map(read), p.name));
}

/** Drops equations whose results nobody reads. Inputs stay: they are the signature. */
function withoutDead(p: Core): Core {
  const used = new Set<Atom>(p.outputs);
  const eqns: AnyEqn[] = [];
  for (const eqn of [...p.eqns].reverse()) {
    if (eqn.effects.length === 0 && !eqn.outputs.some((v) => used.has(v))) continue;
    for (const a of eqn.inputs) used.add(a);
    eqns.unshift(eqn);
  }
  return { ...p, eqns };
}

function withoutUnusedInputs(p: Core): Core {
  const used = new Set<Atom>([...p.outputs, ...p.eqns.flatMap((e) => e.inputs)]);
  return { ...p, inputs: p.inputs.filter((v) => used.has(v)) };
}

const isProgram = (x: unknown): x is Core =>
  typeof x === "object" && x !== null && (x as { phase?: unknown }).phase === "core";

/** The nested programs of an equation, each with a function that gives the parameters with another in its place. */
function nestedPrograms(eqn: AnyEqn): { program: Core; replace: (p: Core) => object }[] {
  // its rule belongs to the program as it is
  if (eqn.prim === "custom_jvp_call") return [];
  return Object.entries(eqn.params).flatMap(([key, value]) => {
    if (isProgram(value)) return [{ program: value, replace: (p: Core) => ({ ...eqn.params, [key]: p }) }];
    if (!Array.isArray(value)) return [];
    return value.flatMap((item, i) =>
      isProgram(item)
        ? [{ program: item, replace: (p: Core) => ({ ...eqn.params, [key]: value.map((v, k) => (k === i ? p : v)) }) }]
        : [],
    );
  });
}

/** Size to be made smaller: equations at every level. */
export function programSize(p: Core): number {
  return p.eqns.reduce((n, e) => n + 1 + nestedPrograms(e).reduce((m, x) => m + programSize(x.program), 0), 0);
}

/** Smaller programs of the same signature: each equation in turn gives zeros, or its nested program is simplified. */
function* sameSignature(p: Core): Generator<Core> {
  for (let i = p.eqns.length - 1; i >= 0; i--) {
    const zeros = rebuild(p, (b, eqn, _inputs, k) =>
      k === i ? eqn.outputs.map((v) => b.zerosLike(v.aval)) : undefined,
    );
    // a zero is an equation too
    if (programSize(zeros) < programSize(p)) yield zeros;
    yield* passed(p, i);
    yield* withSimplerNested(p, i);
    yield* inlined(p, i);
  }
}

/** An operand of the result's type passes through the equation. */
function* passed(p: Core, i: number): Generator<Core> {
  const { inputs, outputs } = p.eqns[i];
  const at = outputs.map((y) => inputs.findIndex((x) => avalSame(x.aval, y.aval)));
  if (at.includes(-1)) return;
  yield rebuild(p, (_b, _eqn, atoms, k) => (k === i ? at.map((x) => atoms[x]) : undefined));
}

function* withSimplerNested(p: Core, i: number): Generator<Core> {
  for (const { program, replace } of nestedPrograms(p.eqns[i])) {
    for (const smaller of sameSignature(program)) {
      yield rebuild(p, (b, eqn, inputs, k) =>
        k === i ? b.emit(eqn.prim, inputs, replace(smaller) as never) : undefined,
      );
    }
  }
}

/** A call, a checkpoint or a cond gives way to the contents of one of its programs. */
function* inlined(p: Core, i: number): Generator<Core> {
  const target = p.eqns[i];
  const operands = target.prim === "cond" ? 1 : target.prim === "call" || target.prim === "checkpoint" ? 0 : undefined;
  if (operands === undefined) return;
  for (const { program } of nestedPrograms(target)) {
    yield rebuild(p, (b, _eqn, inputs, k) => (k === i ? b.inline(program, inputs.slice(operands)) : undefined));
  }
}

function* smaller(p: Core): Generator<Core> {
  for (let k = 0; k < p.outputs.length && p.outputs.length > 1; k++) {
    yield withoutUnusedInputs(
      rebuild(
        p,
        () => undefined,
        p.outputs.filter((_, i) => i !== k),
      ),
    );
  }
  // a cut: what the equation computed comes from outside instead
  for (let i = p.eqns.length - 1; i >= 0; i--) {
    yield withoutUnusedInputs(
      rebuild(p, (b, eqn, _inputs, k) => (k === i ? eqn.outputs.map((v) => b.input(v.aval)) : undefined)),
    );
  }
  for (const q of sameSignature(p)) yield withoutUnusedInputs(q);
}

/** The smallest program found within `milliseconds` for which `fails` holds. */
export function shrink(program: Core, fails: (p: Core) => boolean, milliseconds = 10_000): Core {
  const deadline = Date.now() + milliseconds;
  // when the fault is in what nobody reads, everything is read
  const live = withoutUnusedInputs(withoutDead(program));
  let best = fails(live)
    ? live
    : { ...program, outputs: [...program.outputs, ...program.eqns.flatMap((e) => e.outputs)] };
  if (!fails(best)) return program;
  for (let progress = true; progress; ) {
    progress = false;
    for (const candidate of smaller(best)) {
      if (Date.now() > deadline) return best;
      const cheaper =
        programSize(candidate) < programSize(best) ||
        (programSize(candidate) === programSize(best) && candidate.outputs.length < best.outputs.length);
      if (cheaper && fails(candidate)) {
        best = candidate;
        progress = true;
        break;
      }
    }
  }
  return best;
}
