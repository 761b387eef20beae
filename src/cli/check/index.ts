/** `tilework check`: everything that can be said about a project's staged functions before they run, and what tsc says. */
import { parseArgs } from "node:util";
import { type Reported, renderTerminal, toGithub, toJson, wantsColour } from "../../diagnostics/render.js";
import { optionError, fromHere } from "../usage.js";
import { checkModule } from "./module.js";
import { captures, openProject, type Project } from "./project.js";
import { typeErrors } from "./types.js";

export interface CheckOptions {
  /** Whether the program's source will be captured when it runs; by default what the project's files say. */
  readonly capture?: boolean;
  /** Also what tsc says. */
  readonly types: boolean;
}

/** All findings of a project, in the order of files and lines. */
export function checkProject(project: Project, options: CheckOptions): Reported[] {
  const captured = options.capture ?? captures(project);
  const found = project.files.flatMap((file) => checkModule(file, project, captured));
  if (options.types) found.push(...typeErrors(project));
  const place = ({ span }: Reported): [string, number, number] => [
    span?.file ?? "",
    span?.line ?? 0,
    span?.column ?? 0,
  ];
  return found.sort((a, b) => {
    const [x, y] = [place(a), place(b)];
    return x[0] < y[0] ? -1 : x[0] > y[0] ? 1 : x[1] - y[1] || x[2] - y[2];
  });
}

/** Gives what is printed, and the exit status. */
export function check(commandLine: readonly string[]): { text: string; status: number } {
  const { values, positionals } = parseOptions(commandLine);
  const project = openProject(positionals);
  const found = checkProject(project, {
    types: !values["no-types"],
    ...(values.capture ? { capture: true } : values["no-capture"] ? { capture: false } : {}),
  });
  const status = found.some((d) => d.severity === "error") ? 1 : 0;
  if (values.json) return { text: JSON.stringify(toJson(found, fromHere), null, 2), status };
  if (values.github) return { text: found.map((d) => toGithub(d, fromHere)).join("\n"), status };
  const colour = wantsColour(process.stdout, process.env);
  const texts = found.map((d) => renderTerminal(d, { colour, path: fromHere }));
  return { text: [...texts, summary(found, project.files.length)].join("\n\n"), status };
}

function summary(found: readonly Reported[], files: number): string {
  const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`;
  const errors = found.filter((d) => d.severity === "error").length;
  const warnings = found.length - errors;
  const said = [...(errors > 0 ? [count(errors, "error")] : []), ...(warnings > 0 ? [count(warnings, "warning")] : [])];
  return `${said.length > 0 ? said.join(" and ") : "nothing wrong"} in ${count(files, "file")}`;
}

function parseOptions(commandLine: readonly string[]) {
  try {
    return parseArgs({
      args: [...commandLine],
      allowPositionals: true,
      options: {
        json: { type: "boolean" },
        github: { type: "boolean" },
        "no-types": { type: "boolean" },
        capture: { type: "boolean" },
        "no-capture": { type: "boolean" },
      },
    });
  } catch (e) {
    throw optionError(e);
  }
}
