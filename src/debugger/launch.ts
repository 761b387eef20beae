/**
 * A kernel run program by program in plain JavaScript. Values are computed by the interpreter's rules; the function is the user's
 * own, generated so that breakpoints in its file hold it.
 */
import { fail } from "../diagnostics/error.js";
import { locate } from "../diagnostics/span.js";
import { captureOf } from "../dsl/capture.js";
import { inLaunch } from "../dsl/kernel/launch.js";
import type { LaunchRequest } from "../dsl/kernel/runner.js";
import { KernelRef } from "../dsl/kernel/ref.js";
import { markCounter, markSoft } from "../dsl/interpret/values.js";
import { isInt } from "../ir/dtype.js";
import { convertTo } from "../tracer/control.js";
import { fromStored, toStored } from "../interpreter/stored.js";
import { currentEvaluator, fromElements, scalar, setEvaluator } from "../tracer/frame.js";
import type { Tensor as AnyTensor } from "../tracer/tensor.js";
import { Tensor } from "../tracer/tensor.js";
import { prod, range } from "../util/index.js";
import { Functions } from "./compile.js";
import { indexOf, indexText, type Order, ordered } from "./grid.js";
import { Memory, MemoryCell, noTraffic } from "./memory.js";
import { KernelReport, type ProgramReport, refReport, unwrittenWarning } from "./report.js";
import { Session } from "./session.js";

export interface InterpretKernelOptions {
  /** Look for accesses outside of arrays, for reads of what was not written, and for races. Default true. */
  readonly check?: boolean;
  /** The order of the programs: a right kernel gives the same in all. Default "forward". */
  readonly order?: Order;
  /** Only these programs: numbers of a grid of one axis, or ids. */
  readonly programs?: readonly (number | readonly number[])[];
  /** Called after each program. */
  readonly onProgram?: (program: ProgramReport) => void;
}

export interface Interpreted {
  readonly outs: Tensor[];
  readonly report: KernelReport;
}

export function launchKernel(request: LaunchRequest, options: InterpretKernelOptions = {}): Interpreted {
  const { name, fn, self, parameters, args, outs, inits, meta, grid } = request;
  const record = captureOf(fn);
  if (!record) fail("TW8105", `interpret(${name}): the source of the kernel was not captured`, {});
  const session = new Session(name, grid, options.check ?? true);
  const contents = (t: AnyTensor) => fromStored(Tensor.source(t).cell("interpret").read(), t.aval);
  const inputs = args.map((t, i) =>
    t.ndim === 0
      ? t
      : new Memory(parameters[i] ?? `argument ${i}`, "argument", { shape: t.shape, dtype: t.dtype }, contents(t)),
  );
  const memories = outs.map((a, k) => {
    const init = inits[k];
    return new Memory(parameters[args.length + k] ?? `out ${k}`, "out", a, init && contents(init));
  });
  const chosen = chosenPrograms(name, grid, options.programs);
  const programs: ProgramReport[] = [];

  const evaluator = currentEvaluator();
  const place = locate(undefined);
  setEvaluator(session);
  try {
    const run = new Functions(session).make(fn, record);
    for (const program of ordered(chosen, options.order ?? "forward")) {
      const id = indexOf(program, grid);
      session.program = program;
      session.traffic = noTraffic();
      session.bytes = { loaded: 0, stored: 0 };
      const ref = (m: Memory) =>
        new KernelRef(m.name, m.role === "out" ? "out" : "input", new Tensor(new MemoryCell(m)));
      const values = inputs.map((x) => (x instanceof Memory ? ref(x) : scalarValue(x)));
      const ids = id.map((i) => scalar(i, "i32"));
      const result = inLaunch({ name, grid, ids }, () => run.apply(self, [...values, ...memories.map(ref), ...meta]));
      if (result !== undefined) {
        fail("TW8013", `kernel(${name}): the function returns a value`, {
          help: "store it to an out: store(out, index, value)",
        });
      }
      const { loaded, stored } = session.bytes;
      const done = { id, ...session.traffic, loadedBytes: loaded, storedBytes: stored };
      programs.push(done);
      options.onProgram?.(done);
    }
  } finally {
    setEvaluator(evaluator);
    locate(place);
  }

  const all = options.programs === undefined;
  const warnings = all ? memories.flatMap((m) => unwrittenWarning(m) ?? []) : [];
  const used = [...inputs.filter((x) => x instanceof Memory), ...memories];
  return {
    outs: memories.map((m) => fromElements(toStored(m.array), m.array.shape, m.aval.dtype)),
    report: new KernelReport(
      name,
      grid,
      programs,
      used.map((m) => refReport(m, all)),
      warnings,
    ),
  };
}

/** A scalar argument; one that was JavaScript's number behaves as one beside others, as where it is traced. */
function scalarValue(x: Tensor): Tensor {
  if (!x.aval.weak) return x;
  const value = convertTo(x, x.aval.dtype);
  return isInt(x.aval.dtype) ? markCounter(value) : markSoft(value);
}

function chosenPrograms(name: string, grid: readonly number[], given: InterpretKernelOptions["programs"]): number[] {
  if (given === undefined) return range(prod(grid));
  return given.map((p) => {
    const id = typeof p === "number" ? [p] : p;
    if (id.length !== grid.length || id.some((i, a) => !Number.isInteger(i) || i < 0 || i >= grid[a])) {
      fail("TW8010", `interpret(${name}): the grid ${indexText(grid)} has no program ${indexText(id)}`, {
        help: "give an id with one number for each axis of the grid",
      });
    }
    return id.reduce((flat, i, a) => flat * grid[a] + i, 0);
  });
}
