/** `tilework ir FILE#function`: the text of a function's program at any stage of compilation. */
import { parseArgs } from "node:util";
import { explain as explainFunction, grad, jit, makeProgram, type Tensor, vmap } from "../index.js";
import type { DynamicArgument } from "../api/dynamic-option.js";
import { programOverSizes } from "../api/inspect.js";
import { printProgram } from "../ir/print.js";
import type { AnyFunction } from "../tracer/trace.js";
import { type ArrayType, parseArgumentTypes } from "./argument-types.js";
import { exampleArguments } from "./example.js";
import { loadFunction } from "./load.js";
import { optionError, UsageError } from "./usage.js";

const STAGES = ["core", "plan", "tile", "loop", "wat", "wgsl"] as const;
type Stage = (typeof STAGES)[number];

interface Request {
  readonly place: string;
  readonly stage: Stage;
  readonly args: string | undefined;
  /** "grad" and "vmap" in the order of the command line: the first is innermost. */
  readonly transforms: readonly string[];
  readonly spans: boolean;
}

export async function ir(commandLine: readonly string[]): Promise<string> {
  const request = parseRequest(commandLine);
  const original = await loadFunction(request.place);
  const sizes = new Map<string, number>();
  const args = exampleArguments(request.place, request.args, original, sizes);
  const f = request.transforms.reduce(transformed, original);
  if (sizes.size > 0) return overNamedSizes(request, f, args);
  if (request.stage === "core") return printProgram(makeProgram(f)(...args), { spans: request.spans });
  const { stages } = explainFunction(jit(f))(...args);
  return stages[request.stage]();
}

/** The text of the program over the sizes that `--args` names. */
function overNamedSizes(
  { args: types = "", stage, spans }: Request,
  f: AnyFunction,
  args: readonly unknown[],
): string | Promise<string> {
  const named = ({ shape }: ArrayType): unknown =>
    Object.fromEntries(shape.flatMap((d, i) => (typeof d === "string" ? [[i, d]] : [])));
  const dynamic = parseArgumentTypes(types, named) as DynamicArgument[];
  const none = (why: string): never => {
    throw new UsageError(`There is no program over named sizes: ${why}.`);
  };
  if (stage === "core") {
    const program = programOverSizes(f, args, dynamic);
    return typeof program === "string" ? none(program) : printProgram(program, { spans });
  }
  const explanation = explainFunction(jit(f, { dynamic }))(...args);
  return explanation.dynamic.length > 0 ? explanation.stages[stage]() : none(explanation.notes[0]);
}

function transformed(f: AnyFunction, transform: string): AnyFunction {
  return transform === "grad" ? grad(f) : (vmap(f as (...args: Tensor[]) => Tensor) as AnyFunction);
}

function parseRequest(commandLine: readonly string[]): Request {
  const { values, positionals, tokens } = parseOptions(commandLine);
  if (positionals.length !== 1) throw new UsageError("tilework ir takes one FILE#function.");
  const stage = values.stage ?? "core";
  if (!isStage(stage)) throw new UsageError(`There is no stage ${stage}: ${STAGES.join(", ")} are what there is.`);
  const named = tokens.flatMap((t) => (t.kind === "option" ? [t.name] : []));
  return {
    place: positionals[0],
    stage,
    args: values.args,
    transforms: named.filter((name) => name === "grad" || name === "vmap"),
    spans: values.spans ?? false,
  };
}

function isStage(text: string): text is Stage {
  return (STAGES as readonly string[]).includes(text);
}

function parseOptions(commandLine: readonly string[]) {
  try {
    return parseArgs({
      args: [...commandLine],
      allowPositionals: true,
      tokens: true,
      options: {
        stage: { type: "string" },
        args: { type: "string" },
        grad: { type: "boolean" },
        vmap: { type: "boolean" },
        spans: { type: "boolean" },
      },
    });
  } catch (e) {
    throw optionError(e);
  }
}
