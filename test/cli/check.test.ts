/** `tilework check` over small projects: everything that is wrong is told, with or without capture, and what tsc says. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { check, checkProject } from "../../src/cli/check/index.js";
import { openProject } from "../../src/cli/check/project.js";
import { root } from "../pack/workspace.js";
import { marks } from "../errors/support/marks.js";

/** As much of the package's types as the samples need: reading all of them takes seconds. */
const TYPES = `
export declare class Tensor {
  readonly ndim: number;
  readonly shape: readonly number[];
  astype(dtype: string): Tensor;
  mul(x: Tensor | number): Tensor;
  sum(): Tensor;
  greater(x: number): Tensor;
}
declare const NUM: unique symbol;
export type Num = number & { readonly [NUM]?: unknown };
export declare function jit<F>(f: F): F;
export declare function grad<F>(f: F): F;
export declare const numpy: { zeros(shape: number[]): Tensor };
`;

// inside the repository, so that "tilework" is found
const folder = join(root, "build", "check");
function project(name: string, files: Readonly<Record<string, string>>): string {
  const at = join(folder, name);
  rmSync(at, { recursive: true, force: true });
  mkdirSync(at, { recursive: true });
  const compilerOptions = {
    strict: true,
    target: "ES2022",
    module: "ESNext",
    moduleResolution: "Bundler",
    lib: ["ES2022"],
    types: [],
    noUnusedLocals: true,
    paths: { tilework: ["./tilework.d.ts"] },
  };
  const all: Readonly<Record<string, string>> = {
    "package.json": '{ "name": "sample", "type": "module" }',
    "tsconfig.json": JSON.stringify({ compilerOptions, include: ["*.ts"] }),
    "tilework.d.ts": TYPES,
    ...files,
  };
  for (const [file, text] of Object.entries(all)) writeFileSync(join(at, file), text);
  return at;
}
const found = (at: string, capture?: boolean): string[] =>
  checkProject(openProject([at]), { types: false, ...(capture === undefined ? {} : { capture }) }).map(
    ({ code, span }) => `${code} ${span?.line}:${span?.column}`,
  );
const marked = (text: string): string[] => marks(text).map((m) => `${m.code} ${m.line}:${m.column}`);

const UNCAPTURED = `import { grad, jit, numpy as np, type Tensor } from "tilework";
export const relu = jit((x: Tensor) => (x ? x : np.zeros([])));
//                                      ^ TW1010
function helper(x: Tensor): Tensor {
  const total = x.sum();
  if (total) return x;
//    ^ TW1010
  return x.mul(2);
}
export const dh = grad((x: Tensor, mask?: Tensor) => {
  if (mask) return helper(x).mul(mask).sum();
  while (x.sum().greater(0)) break;
//       ^ TW1010
  const no = !x;
//           ^ TW1010
  return no && x.ndim === 2 && x.shape[0] ? x.sum() : helper(x).sum();
});
  @jit
//^ TW7030
export function literal(x: Tensor): Tensor {
  return x.mul(2);
}
export const plain = (x: Tensor | undefined): number => (x ? 1 : 2);
`;
const REFUSED = `import { jit, type Num } from "tilework";
let calls = 0;
export const f = jit((x: Num) => {
  var y = x;
//^ TW7003
  try {
//^ TW7002
    y = y * 2;
  } catch {}
  calls += 1;
//^ TW7004
  return x > 0 ? y : -y;
});
export const g = jit((x: Num) => (x > 0 ? x : calls));
`;

describe("without capture", () => {
  it("conditions by their types, and decorators and directives that nobody reads", () => {
    const at = project("uncaptured", { "a.ts": UNCAPTURED });
    expect(found(at)).toEqual(marked(UNCAPTURED));
  });
});

describe("with capture", () => {
  it("all that is refused, in all functions; conditions are no mistake", () => {
    const at = project("captured", {
      "a.ts": REFUSED,
      "b.ts": UNCAPTURED,
      "vite.config.js": 'import tilework from "tilework/plugin";\nexport default { plugins: [tilework.vite()] };\n',
    });
    const told = found(at);
    for (const m of marked(REFUSED)) expect(told).toContain(m);
    expect(told.filter((t) => /TW1010|TW7030/.test(t))).toEqual([]);
    expect(found(at, false).filter((t) => t.startsWith("TW1010"))).toHaveLength(4);
  });
});

describe("the command", () => {
  let at: string;
  beforeAll(() => {
    at = project("types", {
      "a.ts": 'import { jit } from "tilework";\n@jit\nexport function f(x: number): string {\n  return x;\n}\n',
      "ok.ts": "export const one = 1;\n",
    });
  });

  it("tells tsc's errors and ours in one list, without tsc's own about our decorators", () => {
    const { status, text } = check([at, "--json"]);
    expect(status).toBe(1);
    const { version, diagnostics } = JSON.parse(text) as {
      version: number;
      diagnostics: { code: string; file: string }[];
    };
    expect(version).toBe(1);
    expect(diagnostics.map((d) => d.code)).toEqual(["TW7030", "TS2322"]);
    expect(readFileSync(diagnostics[0].file, "utf8")).toContain("@jit");
  });

  it("--no-types leaves tsc out, --github annotates, a clean project has status 0", () => {
    const { status, text } = check([at, "--github", "--no-types"]);
    expect(status).toBe(1);
    expect(text).toMatch(
      /^::error file=.*a\.ts,line=2,col=1,endLine=2,endColumn=5,title=TW7030::@jit on a function has no effect/,
    );
    expect(check([join(at, "ok.ts")])).toEqual({ status: 0, text: "nothing wrong in 1 file" });
    expect(check([at, "--no-types", "--capture"]).status).toBe(0);
  });

  it("shows frames on a terminal", () => {
    const { text } = check([join(at, "a.ts")]);
    expect(text).toContain("2 | @jit\n    | ^^^^");
    expect(text).toMatch(/\n\n2 errors in 1 file$/);
  });

  it("a wrong call is one sentence", () => {
    expect(() => check(["none.ts"])).toThrow("There is no file none.ts.");
    expect(() => check([join(at, "package.json"), join(at, "a.ts")])).toThrow("takes one tsconfig.json");
    expect(() => check(["--jason"])).toThrow("Unknown option '--jason'");
  });
});
