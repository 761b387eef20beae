/** Commands by name, help, and how failures are told: a wrong call is one sentence and status 2, a failure is status 1. */
import { readFileSync } from "node:fs";
import { isTileworkError } from "../diagnostics/error.js";
import { renderTerminal, wantsColour } from "../diagnostics/render.js";
import { explainCode } from "./explain.js";
import { fromHere, UsageError } from "./usage.js";

const HELP = `tilework: differentiate, batch and compile plain TypeScript functions

  tilework ir FILE#function   prints a function's program (FILE is a .ts or .js module)
      --args TYPES            the arguments, as in "f32[2,3], i32[4]" or "{w: f32[3], b: f32[]}, f32[8,3]"
                              (not needed where the function has a property \`example\`, a list of arguments)
      --stage STAGE           core (default), plan, tile, loop, wat or wgsl
      --grad, --vmap          the function is transformed first, in the order in which these are given
      --spans                 adds the position in the source to each equation (stage core)
  tilework build --aot FILE#function
                              writes files that run the function without Tilework, in Node and in browsers
      --args TYPES            as above
      --out DIR, --name NAME  where to, and under which name (the function's)
  tilework check [FILES | tsconfig.json | FOLDER]
                              says what is wrong with staged functions, and what tsc says; status 1 if there are errors
      --json, --github        for programs, for annotations of pull requests
      --capture, --no-capture the source will be read by tilework/plugin or tilework/register, or will not
                              (by default: whether the files that configure the build mention them)
      --no-types              without what tsc says
  tilework explain [CODE]     says what an error code such as TW2003 means; without a code it lists all of them
  tilework migrate [FILES | FOLDERS]
                              rewrites programs for jax-js: imports, calls, .ref and .dispose(); says what is left to do
      --dry, --json           writes nothing; for programs, with the new texts
  tilework --help, --version`;

/** Runs one command line; gives the exit status. */
export async function runCommand(args: readonly string[]): Promise<number> {
  try {
    return (await dispatch(args)) ?? 0;
  } catch (e) {
    if (e instanceof UsageError) {
      console.error(e.message);
      return 2;
    }
    console.error(told(e));
    return 1;
  }
}

/** Errors of Tilework with the lines that they are about, the user's own with their stack, a mistake in a file's syntax as it is. */
function told(e: unknown): unknown {
  if (isTileworkError(e))
    return renderTerminal(e.diagnostic, { colour: wantsColour(process.stderr, process.env), path: fromHere });
  return e instanceof Error && e.stack !== undefined && !/\n {4}at /.test(e.stack) ? e.stack : e;
}

const COMMANDS = ["ir", "build", "check", "migrate", "explain"];

async function dispatch([command, ...rest]: readonly string[]): Promise<number | undefined> {
  if (COMMANDS.includes(command) && rest.some((word) => word === "--help" || word === "-h")) {
    print(HELP);
    return undefined;
  }
  switch (command) {
    case "ir": {
      const { ir } = await import("./ir.js");
      print(await ir(rest));
      return undefined;
    }
    case "build": {
      const { build } = await import("./build.js");
      print(await build(rest, version()));
      return undefined;
    }
    case "check": {
      const { check } = await import("./check/index.js");
      const { text, status } = check(rest);
      print(text);
      return status;
    }
    case "migrate": {
      const { migrate } = await import("./migrate.js");
      const { text, status } = migrate(rest);
      print(text);
      return status;
    }
    case "explain":
      print(explainCode(rest, wantsColour(process.stdout, process.env)));
      return undefined;
    case undefined:
    case "help":
    case "--help":
    case "-h":
      print(HELP);
      return undefined;
    case "--version":
    case "-v":
      print(version());
      return undefined;
    default:
      throw new UsageError(
        command.startsWith("-")
          ? `There is no option ${command}; tilework --help lists what there is.`
          : `There is no command ${JSON.stringify(command)}; tilework --help lists what there is.`,
      );
  }
}

function version(): string {
  const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}

/** A reader that stops early, such as `head`, is no failure. */
function print(text: string): void {
  process.stdout.on("error", (e: NodeJS.ErrnoException) => {
    if (e.code !== "EPIPE") throw e;
  });
  process.stdout.write(`${text}\n`);
}
