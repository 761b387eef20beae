/** From the call of a kernel to the equation of its launch: its outs, its grid, its constants, and its traced body. */
import { fail } from "../../diagnostics/error.js";
import { type Aval, aval } from "../../ir/aval.js";
import type { DType } from "../../ir/dtype.js";
import { avalKey } from "../../ir/key.js";
import { checkKernel } from "../../simplify/bounds/check.js";
import { bind, scalar, TracedSource } from "../../tracer/frame.js";
import { checkFunction } from "../../tracer/leaf.js";
import type { AnyFunction } from "../../tracer/staged.js";
import { staticKey } from "../../tracer/static-key.js";
import { Tensor } from "../../tracer/tensor.js";
import { parameterNames } from "../../tracer/trace.js";
import { LruMap } from "../../util/index.js";
import { captureOf } from "../capture.js";
import { codeOf } from "../interpret/code.js";
import { type KernelBody, traceBody } from "./call.js";
import { currentRunner } from "./runner.js";

/** What an out looks like: a tensor, or a shape and a dtype. */
export interface OutSpec {
  readonly shape: readonly number[];
  readonly dtype?: DType;
}

export interface KernelOptions {
  // biome-ignore lint/suspicious/noExplicitAny: the arguments of the kernel
  readonly out: OutSpec | readonly OutSpec[] | ((...args: any[]) => OutSpec | readonly OutSpec[]);
  // biome-ignore lint/suspicious/noExplicitAny: the arguments of the kernel
  readonly grid?: number | readonly number[] | ((...args: any[]) => number | readonly number[]);
  readonly init?: number | readonly (number | undefined)[];
  readonly alias?: Readonly<Record<string, string>>;
  readonly name?: string;
  /** Values that the kernel names and that lie around it, for a kernel that no tool has read: `{ constants: { factor } }`. */
  readonly constants?: Readonly<Record<string, unknown>>;
}

interface Parameter {
  readonly name: string;
  readonly optional: boolean;
}

function parametersOf(fn: AnyFunction, name: string): readonly Parameter[] {
  const record = captureOf(fn);
  if (record) {
    return codeOf(record).root.params.map(({ pattern, fallback }) => {
      if (pattern.kind !== "name") {
        return fail("TW8013", `kernel(${name}): a parameter is a pattern`, { help: "give each parameter a name" });
      }
      return { name: pattern.name, optional: fallback !== undefined };
    });
  }
  return parameterNames(fn).map((p, i) => ({ name: p ?? `argument ${i}`, optional: i >= fn.length }));
}

/** Launches the kernel on tensors: what it gives, as one tensor or a list, as `out` says. */
export type Launcher = (args: readonly Tensor[], meta: Readonly<Record<string, unknown>>) => Tensor | Tensor[];

export interface NamedLauncher {
  readonly name: string;
  readonly launch: Launcher;
}

/** What out `k` starts as: an argument, a number everywhere, or nothing. */
function startOf(
  name: string,
  { init, alias = {} }: KernelOptions,
  names: readonly string[],
  args: readonly Tensor[],
  k: number,
  out: Aval,
): Tensor | undefined {
  const called = names[args.length + k];
  if (called in alias) {
    const from = args[names.indexOf(alias[called])];
    return (
      from ??
      fail("TW8009", `${name}: ${called} starts as ${alias[called]}, which is no argument`, {
        help: `its arguments are ${names.slice(0, args.length).join(", ") || "none"}`,
      })
    );
  }
  const value = typeof init === "number" ? init : init?.[k];
  return value === undefined
    ? undefined
    : bind("broadcast_in_dim", [scalar(value, out.dtype)], { shape: out.shape, dims: [] })[0];
}

export function makeLauncher(fn: AnyFunction, options: KernelOptions): NamedLauncher {
  checkFunction("kernel", fn);
  const name = options.name ?? (fn.name || "kernel");
  let known: readonly Parameter[] | undefined;
  const bodies = new LruMap<string, KernelBody>(64);

  const launch: Launcher = (args, meta) => {
    known ??= parametersOf(fn, name);
    const parameters = known;
    const { grid: override, ...constants } = meta;
    const outGiven = typeof options.out === "function" ? options.out(...args, constants) : options.out;
    const isList = Array.isArray(outGiven);
    const outs = (isList ? (outGiven as readonly OutSpec[]) : [outGiven as OutSpec]).map((o) =>
      aval(o.shape, o.dtype ?? "f32"),
    );
    const gridSource = override ?? options.grid ?? 1;
    const gridGiven = typeof gridSource === "function" ? (gridSource as AnyFunction)(...args, constants) : gridSource;
    const grid = (Array.isArray(gridGiven) ? gridGiven : [gridGiven]) as number[];
    const first = args.length + outs.length;
    const values = parameters.slice(first).map((p) => {
      if (p.name in constants) return constants[p.name];
      if (p.optional) return undefined;
      return fail("TW8009", `${name}: ${p.name} is missing`, {
        help: `pass it in the last argument: { ${p.name}: 128 }`,
      });
    });
    const names = parameters.map((p) => p.name);
    for (const k of Object.keys(constants)) {
      if (!names.slice(first).includes(k))
        fail("TW8009", `${name}: there is no parameter ${k}`, {
          help: `its constants are ${names.slice(first).join(", ") || "none"}`,
        });
    }
    const run = currentRunner();
    if (run) {
      const inits = outs.map(() => undefined);
      const given = run({ name, fn, self: undefined, parameters: names, args, outs, inits, meta: values, grid });
      return isList ? given : given[0];
    }
    const avals = args.map((x): Aval => aval(x.aval.shape, x.aval.dtype));
    const key = `${avals.map(avalKey).join()}|${outs.map(avalKey).join()}|${staticKey(values, name)}|${grid.join()}`;
    let body = bodies.get(key);
    if (!body) {
      body = traceBody({ name, fn, self: undefined, parameters: names, args: avals, outs, meta: values, grid });
      checkKernel({ body: body.program, grid, inits: outs.map(() => false), name });
      if (!body.captures.some((c) => Tensor.source(c) instanceof TracedSource)) bodies.set(key, body);
    }
    const starts = outs.map((o, k) => startOf(name, options, names, args, k, o));
    const results = bind("kernel_call", [...body.captures, ...args, ...starts.filter((x) => x !== undefined)], {
      body: body.program,
      grid,
      inits: starts.map((x) => x !== undefined),
      name,
    });
    return isList ? [...results] : results[0];
  };
  return { name, launch };
}
