import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";
import { build, type PluginOption } from "vite";
import { beforeAll, describe, expect, it } from "vitest";
import tilework from "../../src/plugin/index.js";
import { buildDist, root, runNode, runNpm, temporaryFolder } from "./workspace.js";

const MAX_PACKED = 1_950_000;
/** jit, numpy and the whole compiler, minified and gzipped, as an application has them (what we want is 110 kB). */
const MAX_BROWSER_CORE = 185_500;

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

const folder = temporaryFolder();
const project = join(folder, "project");
let packed: Packed;

/** Packs the package and installs the tarball with npm in an empty project; its dependencies come from this repository. */
beforeAll(() => {
  buildDist();
  const result = runNpm(["pack", "--json", "--pack-destination", folder], root);
  expect(result.status, result.output).toBe(0);
  [packed] = JSON.parse(result.output) as Packed[];
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), '{ "name": "empty", "private": true, "type": "module" }\n');
  const dependencies = Object.keys(manifest().dependencies).map((name) => join(root, "node_modules", name));
  // a folder's own scripts would run, which those of the registry's packages have behind them
  const installed = runNpm(["install", "--ignore-scripts", join(folder, packed.filename), ...dependencies], project);
  expect(installed.status, installed.output).toBe(0);
});

function manifest(): {
  dependencies: Record<string, string>;
  scripts: Record<string, string>;
  bin: Record<string, string>;
} {
  return JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
}

describe("the package", () => {
  it("holds what users need and nothing else", () => {
    const paths = packed.files.map((f) => f.path);
    const other = paths.filter(
      (p) => !/^(dist\/.*\.(js|d\.ts)|docs\/[\w-]+\.md|package\.json|README\.md|LICENSE)$/.test(p),
    );
    expect(other).toEqual([]);
    for (const path of ["README.md", "LICENSE", "docs/ERRORS.md", "dist/index.js", "dist/index.d.ts"])
      expect(paths).toContain(path);
    expect(packed.size).toBeLessThan(MAX_PACKED);
  });

  it("runs nothing when it is installed, nor do its dependencies", () => {
    const hooks = ["preinstall", "install", "postinstall", "prepare", "prepublish", "preprepare", "postprepare"];
    expect(Object.keys(manifest().scripts).filter((s) => hooks.includes(s))).toEqual([]);
    const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
      packages: Record<string, { dev?: boolean; devOptional?: boolean; hasInstallScript?: boolean }>;
    };
    const shipped = Object.entries(lock.packages).filter(([, p]) => !p.dev && !p.devOptional);
    expect(shipped.length).toBeGreaterThan(2);
    expect(shipped.filter(([, p]) => p.hasInstallScript).map(([name]) => name)).toEqual([]);
  });

  it("installs what it declares, and no optional peer", () => {
    expect(existsSync(join(project, "node_modules", "tilework", "dist", "index.js"))).toBe(true);
    expect(existsSync(join(project, "node_modules", "binaryen"))).toBe(false);
    for (const target of Object.values(manifest().bin)) {
      expect(existsSync(join(project, "node_modules", "tilework", target))).toBe(true);
    }
  });

  it("can be required as well as imported, and importing it touches nothing", () => {
    // every global that could start, load or look for something is watched while the entries are imported
    writeFileSync(
      join(project, "watch.mjs"),
      `const touched = [];
      for (const name of ["navigator", "document", "window", "Worker", "SharedWorker", "fetch", "XMLHttpRequest", "GPU"]) {
        Object.defineProperty(globalThis, name, { configurable: true, get: () => void touched.push(name) });
      }
      for (const name of ["compile", "instantiate", "Module", "Instance", "Memory"]) {
        const original = WebAssembly[name];
        Object.defineProperty(WebAssembly, name, { get: () => (touched.push("WebAssembly." + name), original) });
      }
      for (const entry of ["tilework", "tilework/optim", "tilework/io"]) await import(entry);
      console.log(JSON.stringify(touched));\n`,
    );
    expect(runNode(["watch.mjs"], project)).toEqual({ status: 0, output: "[]" });
    writeFileSync(join(project, "require.cjs"), 'console.log(typeof require("tilework").jit);\n');
    expect(runNode(["--no-warnings", "require.cjs"], project)).toEqual({ status: 0, output: "function" });
  });

  it("has a command that reads the project's own files, and says what to install for a view that needs more", () => {
    expect(existsSync(join(project, "node_modules", ".bin", "tilework"))).toBe(true);
    writeFileSync(
      join(project, "model.ts"),
      'import { numpy as np, type Tensor } from "tilework";\nexport const f = (x: Tensor): Tensor => np.tanh(x);\n',
    );
    const tilework = join("node_modules", "tilework", "dist", "cli", "main.js");
    const ir = [tilework, "ir", "model.ts#f", "--args", "f32[3]"];
    expect(runNode(ir, project).output).toContain("tanh");
    expect(runNode([...ir, "--stage", "tile"], project).status).toBe(0);
    const wat = runNode([...ir, "--stage", "wat"], project);
    expect(wat.status).toBe(1);
    expect(wat.output).toMatch(/^error\[TW\d{4}\]: .*binaryen.*\n[\s\S]*npm install/);
  });

  it("survives bundling for a browser, with what is not used left out", async () => {
    writeFileSync(
      join(project, "app.js"),
      'import { jit, numpy as np } from "tilework";\nconsole.log(JSON.stringify(jit((x) => np.sum(x.add(1)))(np.ones([2, 3])).js()));\n',
    );
    const rolldownOptions = { input: join(project, "app.js"), output: { entryFileNames: "app.js" } };
    const outDir = join(project, "bundle");
    const options = { rolldownOptions, outDir, minify: true, modulePreload: false } as const;
    await build({ root: project, logLevel: "error", configFile: false, build: options });
    expect(runNode([join(outDir, "app.js")], project)).toEqual({ status: 0, output: "12" });
    const bundle = readFileSync(join(outDir, "app.js"));
    expect(bundle.toString()).not.toMatch(/from\s*["']node:|require\(["']/);
    expect(gzipSync(bundle).length).toBeLessThan(MAX_BROWSER_CORE);
  });

  it("holds nothing of the language of kernels where nobody writes one", async () => {
    writeFileSync(join(project, "relu.js"), 'import { jit, nn } from "tilework";\nexport const relu = jit(nn.relu);\n');
    const options = {
      bundle: true,
      minify: true,
      format: "esm",
      splitting: true,
      metafile: true,
      write: false,
    } as const;
    const { metafile } = await esbuild.build({
      ...options,
      absWorkingDir: project,
      entryPoints: ["relu.js"],
      outdir: "relu",
      external: ["node:*"],
    });
    const held = Object.values(metafile.outputs).flatMap(({ inputs }) =>
      Object.keys(inputs).filter((path) => inputs[path].bytesInOutput > 0),
    );
    expect(held.some((path) => path.endsWith("nn/activations.js"))).toBe(true);
    expect(held.filter((path) => /dist\/(dsl|kernels\/library|api\/kernel)|acorn/.test(path))).toEqual([]);
  });

  it("brings the parser of functions with kernels that no tool has read, and with nothing else", async () => {
    writeFileSync(
      join(project, "double.js"),
      `import { array, kernel } from "tilework";
      import { arange, load, store } from "tilework/kernels";
      const double = kernel(
        function double(x, out, FACTOR) {
          const i = arange(4);
          store(out, [i], load(x, [i]) * FACTOR);
        },
        { out: (x) => x },
      );
      console.log(JSON.stringify(double(array([1, 2, 3, 4]), { FACTOR: 2 }).js()));\n`,
    );
    const outDir = join(project, "kernels");
    const bundle = async (plugins: PluginOption[], minify: boolean): Promise<string> => {
      const rolldownOptions = { input: join(project, "double.js"), output: { entryFileNames: "app.js" } };
      const options = { rolldownOptions, outDir, minify, modulePreload: false } as const;
      await build({ root: project, logLevel: "error", configFile: false, plugins, build: options });
      expect(runNode([join(outDir, "app.js")], project)).toEqual({ status: 0, output: "[2,4,6,8]" });
      return readFileSync(join(outDir, "app.js"), "utf8");
    };
    // a message of acorn's
    const parser = "Unterminated template";
    expect(await bundle([], false)).toContain(parser);
    expect(await bundle([tilework.vite()], true)).not.toContain(parser);
    expect(readFileSync(join(project, "bundle", "app.js"), "utf8")).not.toContain(parser);
  });

  it("runs the first example of the README, which type-checks under strict", () => {
    const readme = readFileSync(join(root, "README.md"), "utf8");
    const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1];
    if (example === undefined) throw new Error("README.md has no ```ts example");
    writeFileSync(join(project, "example.ts"), example);
    const options = ["--strict", "--target", "es2022", "--module", "nodenext", "--skipLibCheck", "false"];
    // the example may print; what `console` is comes from Node's types, as in any Node project
    mkdirSync(join(project, "node_modules", "@types"), { recursive: true });
    symlinkSync(
      join(root, "node_modules", "@types", "node"),
      join(project, "node_modules", "@types", "node"),
      "junction",
    );
    const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
    const compiled = runNode([tsc, ...options, "--types", "node", "example.ts"], project);
    expect(compiled.output).toBe("");
    const ran = runNode(["example.js"], project);
    expect(ran.status, ran.output).toBe(0);
    expect(ran.output).not.toBe("");
  });
});
