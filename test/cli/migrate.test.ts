/**
 * `tilework migrate`: each document below migrate/ holds a program for jax-js, what becomes of it, what a person is told, and the
 * results of jax-js 0.1.25, which the migrated program has too. `npm test -- --update` rewrites the second and third of these.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import * as tilework from "../../src/index.js";
import * as optim from "../../src/optim/index.js";
import { migrate as command } from "../../src/cli/migrate.js";
import { DECLARATIONS } from "../../src/migrate/api.js";
import { RULES } from "../../src/migrate/calls.js";
import { migrate, type Migrated } from "../../src/migrate/index.js";
import { MISSING, OPTIM, RENAMED, SPECIAL } from "../../src/migrate/names.js";
import { openProgram, ts } from "../../src/migrate/program.js";
import { root } from "../pack/workspace.js";

const documents = join(root, "test", "cli", "migrate");
const names = readdirSync(documents).map((f) => f.replace(".md", ""));
const update = process.env["TILEWORK_UPDATE_GOLDENS"] === "1";
const folder = join(root, "build", "migrate");

interface Sections {
  readonly text: string;
  readonly language: string;
  readonly before: string;
  readonly after: string;
  readonly report: string;
  readonly results: Record<string, unknown> | undefined;
}
function read(name: string): Sections {
  const text = readFileSync(join(documents, `${name}.md`), "utf8");
  const section = (title: string): string | undefined =>
    new RegExp(`## ${title}\\n\\n\`\`\`\\w*\\n([^]*?)\`\`\``).exec(text)?.[1];
  const results = section("RESULTS OF JAX-JS");
  return {
    text,
    language: /## BEFORE\n\n```(\w+)/.exec(text)?.[1] ?? "ts",
    before: section("BEFORE") ?? "",
    after: section("AFTER") ?? "",
    report: section("REPORT") ?? "",
    results: results === undefined ? undefined : (JSON.parse(results) as Record<string, unknown>),
  };
}

const path = (name: string): string => join(folder, `${name}.${read(name).language}`);
/** All programs are migrated as one, as those of a project are. */
let done: Map<string, Migrated>;
beforeAll(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  done = migrate(new Map(names.map((name) => [path(name), read(name).before])));
});
const told = ({ notes }: Migrated): string => notes.map((n) => `${n.line}:${n.column} ${n.message}\n`).join("");

function migrated(name: string): Migrated {
  return done.get(path(name)) ?? expect.fail(`${name} was not migrated`);
}

/** Numbers of a migrated program against those of jax-js, whose functions have about six digits. */
function expectSame(actual: unknown, expected: unknown, place: string): void {
  if (typeof expected === "number") {
    expect(typeof actual, place).toBe("number");
    expect(Math.abs((actual as number) - expected), place).toBeLessThanOrEqual(2e-5 * Math.max(1, Math.abs(expected)));
  } else if (Array.isArray(expected)) {
    expect(actual, place).toHaveLength(expected.length);
    expected.forEach((x, i) => expectSame((actual as unknown[])[i], x, `${place}[${i}]`));
  } else expect(actual, place).toBe(expected);
}

describe.each(names)("%s", (name) => {
  it("becomes what the document says", () => {
    const { text, after, report } = read(name);
    const now = migrated(name);
    if (update) {
      const put = (all: string, title: string, body: string): string =>
        all.replace(
          new RegExp(`(## ${title}\\n\\n\`\`\`\\w*\\n)[^]*?\`\`\``),
          (_, head: string) => `${head}${body}\`\`\``,
        );
      writeFileSync(join(documents, `${name}.md`), put(put(text, "AFTER", now.text), "REPORT", told(now)));
      return;
    }
    expect(now.text).toBe(after);
    expect(told(now)).toBe(report);
  });

  it("stays as it is the second time", () => {
    const again = migrate(new Map([[path(name), migrated(name).text]]));
    expect(again.get(path(name))?.text ?? migrated(name).text).toBe(migrated(name).text);
  });

  const { results } = read(name);
  it.skipIf(results === undefined)("computes what it did under jax-js", async () => {
    const file = path(name);
    writeFileSync(file, migrated(name).text);
    const module = (await import(file)) as { results: Record<string, unknown> };
    expect(Object.keys(module.results)).toEqual(Object.keys(results ?? {}));
    for (const [key, value] of Object.entries(results ?? {})) expectSame(module.results[key], value, `${name}.${key}`);
  });
});

/** All names of a declared module, as in "numpy.linspace". */
function declaredNames(module: string): string[] {
  const file = join(folder, "names.ts");
  const program = openProgram(new Map([[file, `import * as all from "${module}";\nall;\n`]]));
  const all = program.source(file).statements[1];
  if (!ts.isExpressionStatement(all)) return [];
  const found: string[] = [];
  const walk = (type: ts.Type, prefix: string): void => {
    for (const p of type.getProperties()) {
      const declaration = p.declarations?.[0];
      if (!declaration) continue;
      const full = `${prefix}${p.name}`;
      found.push(full);
      if (p.flags & ts.SymbolFlags.ValueModule) walk(program.checker.getTypeOfSymbolAtLocation(p, all), `${full}.`);
    }
  };
  walk(program.checker.getTypeAtLocation(all.expression), "");
  return found;
}

describe("names", () => {
  const has = (name: string): boolean =>
    name.split(".").reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], tilework) !==
    undefined;
  /** Taken away, or rewritten where they are used. */
  const handled = new Set([
    "Array",
    "DType",
    "numpy.Array",
    "numpy.DType",
    "defaultDevice",
    "devicePut",
    "scipySpecial",
    "tree.ref",
    "tree.dispose",
  ]);

  it("every name of jax-js is here, is another one here, or has a remedy", () => {
    const lost = declaredNames("@jax-js/jax").filter((name) => {
      const [space, member] = name.split(".");
      const other = RENAMED[name] === undefined ? name : [...name.split(".").slice(0, -1), RENAMED[name]].join(".");
      if (name.startsWith("scipySpecial.") && SPECIAL[member]) return !has(SPECIAL[member]);
      return (
        !has(other) && !handled.has(name) && MISSING[name] === undefined && MISSING[`${space}.${member}`] === undefined
      );
    });
    expect(lost).toEqual([]);
    const gone = declaredNames("@jax-js/optax").filter(
      (n) => !(n in optim && OPTIM.has(n)) && MISSING[`optax.${n}`] === undefined,
    );
    expect(gone).toEqual([]);
  });

  it("nothing is said to be missing that is here", () => {
    expect(Object.keys(MISSING).filter((name) => has(name))).toEqual([]);
  });

  it("rules are for names that jax-js has", () => {
    const known = new Set([
      ...declaredNames("@jax-js/jax"),
      ...declaredNames("@jax-js/optax").map((n) => `optax.${n}`),
    ]);
    expect([...Object.keys(RULES), ...Object.keys(RENAMED)].filter((name) => !known.has(name))).toEqual([]);
  });

  it("the declarations are without errors", () => {
    const file = join(folder, "declarations.d.ts");
    const host = ts.createCompilerHost({});
    const original = host.getSourceFile.bind(host);
    host.getSourceFile = (name, ...rest) =>
      name === file ? ts.createSourceFile(name, DECLARATIONS, ts.ScriptTarget.ES2022) : original(name, ...rest);
    const options = { strict: true, types: [], noLib: true };
    const program = ts.createProgram([file], options, host);
    expect(program.getSyntacticDiagnostics().map((d) => d.messageText)).toEqual([]);
  });
});

describe("the command", () => {
  it("writes files, or only says what it would do", () => {
    const file = join(folder, "command", "a.ts");
    mkdirSync(join(folder, "command", "node_modules"), { recursive: true });
    const text = 'import { numpy as np } from "@jax-js/jax";\nexport const x = np.ones([2]).ref;\n';
    writeFileSync(file, text);
    writeFileSync(join(folder, "command", "other.ts"), "export const y = 1;\n");
    writeFileSync(join(folder, "command", "node_modules", "b.ts"), text);
    const dry = command([join(folder, "command"), "--dry"]);
    expect(dry.text).toContain("1 file would be changed, 0 places to look at");
    expect(readFileSync(file, "utf8")).toBe(text);
    const json = JSON.parse(command([file, "--dry", "--json"]).text) as { files: { changes: object; text: string }[] };
    expect(json.files).toHaveLength(1);
    expect(json.files[0].changes).toEqual({ imports: 1, ".ref removed": 1 });
    expect(command([join(folder, "command")]).text).toContain("1 file changed");
    expect(readFileSync(file, "utf8")).toBe(json.files[0].text);
    expect(readFileSync(join(folder, "command", "node_modules", "b.ts"), "utf8")).toBe(text);
    expect(command([file]).text).toBe("nothing of jax-js in 1 file");
    expect(() => command([join(folder, "nowhere")])).toThrow("There is no file or folder");
  });
});
