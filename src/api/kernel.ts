/** `kernel`: functions over blocks, run once for each point of a grid. */
import { fail } from "../diagnostics/error.js";
import { type Aval, aval } from "../ir/aval.js";
import type { DType } from "../ir/dtype.js";
import { avalKey } from "../ir/key.js";
import { captureOf } from "../dsl/capture.js";
import { codeOf } from "../dsl/interpret/code.js";
import { type KernelBody, traceBody } from "../dsl/kernel/call.js";
import { bind, isTracing, scalar, TracedSource } from "../tracer/frame.js";
import { checkFunction, describeValue, isScalarLeaf, leafTensor } from "../tracer/leaf.js";
import type { AnyFunction } from "../tracer/staged.js";
import { isTensor, Tensor } from "../tracer/tensor.js";
import { argumentName, parameterNames } from "../tracer/trace.js";
import { LruMap } from "../util/index.js";
import { jit } from "./jit.js";
import { staticKey } from "./static-key.js";

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

export function kernel(fn: AnyFunction, options: KernelOptions): (...args: unknown[]) => unknown {
  checkFunction("kernel", fn);
  const name = options.name ?? (fn.name || "kernel");
  let known: readonly Parameter[] | undefined;
  const bodies = new LruMap<string, KernelBody>(64);
  // biome-ignore lint/suspicious/noExplicitAny: any arguments
  const compiled = new LruMap<string, (...args: any[]) => unknown>(64);

  const launch = (args: readonly Tensor[], meta: Record<string, unknown>, isList: { value: boolean }): Tensor[] => {
    known ??= parametersOf(fn, name);
    const parameters = known;
    const { grid: override, ...constants } = meta;
    const outGiven = typeof options.out === "function" ? options.out(...args, constants) : options.out;
    isList.value = Array.isArray(outGiven);
    const outs = (isList.value ? (outGiven as readonly OutSpec[]) : [outGiven as OutSpec]).map((o) =>
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
    const avals = args.map((x): Aval => aval(x.aval.shape, x.aval.dtype));
    const key = `${avals.map(avalKey).join()}|${outs.map(avalKey).join()}|${staticKey(values, name)}|${grid.join()}`;
    let body = bodies.get(key);
    if (!body) {
      body = traceBody({ name, fn, self: undefined, parameters: names, args: avals, outs, meta: values, grid });
      if (!body.captures.some((c) => Tensor.source(c) instanceof TracedSource)) bodies.set(key, body);
    }
    return bind("kernel_call", [...body.captures, ...args], {
      body: body.program,
      grid,
      inits: outs.map(() => false),
      name,
    });
  };

  return (...given: unknown[]): unknown => {
    const last = given[given.length - 1];
    const meta = isOptions(last) ? last : {};
    const args = isOptions(last) ? given.slice(0, -1) : given;
    const leaves = args.map((x, i) => argumentOf(x, () => argumentName(name, args, i)));
    const isList = { value: false };
    if (isTracing()) {
      const results = launch(leaves, meta, isList);
      return isList.value ? results : results[0];
    }
    const key = staticKey(meta, name);
    let run = compiled.get(key);
    if (!run) {
      run = jit(
        (...xs: Tensor[]) => {
          const results = launch(xs, meta, isList);
          return isList.value ? results : results[0];
        },
        { name, dynamic: false },
      ) as (...args: unknown[]) => unknown;
      compiled.set(key, run);
    }
    return run(...leaves);
  };
}

function isOptions(x: unknown): x is Record<string, unknown> {
  return typeof x === "object" && x !== null && !isTensor(x) && Object.getPrototypeOf(x) === Object.prototype;
}

function argumentOf(x: unknown, what: () => string): Tensor {
  if (typeof x === "number") return scalar(x, Number.isInteger(x) && Math.abs(x) < 2 ** 31 ? "i32" : "f32");
  if (isTensor(x) || isScalarLeaf(x)) return leafTensor(x, what);
  return fail("TW1003", `${what()} is ${describeValue(x)}, not an array`, { help: "pass arrays and numbers" });
}
