/** The sample built by every bundler: a project beside an installed package, as a user has it. */
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { type RspackOptions, rspack } from "@rspack/core";
import * as esbuild from "esbuild";
import { rolldown } from "rolldown";
import { type Plugin, rollup } from "rollup";
import { build as viteBuild } from "vite";
import webpack from "webpack";
import tilework from "tilework/plugin";
import { root } from "../pack/workspace.js";

export interface Job {
  /** Of the project. */
  readonly folder: string;
  readonly entry: string;
  /** The file to write. */
  readonly out: string;
  /** Without the plugin. */
  readonly plain?: boolean;
  /** Tilework is not part of the bundle, which is faster. */
  readonly external?: boolean;
}
export type Builder = (job: Job) => Promise<void>;

/** A project in `folder` with the package installed, and the files of `test/plugin/NAME`. */
export function makeProject(folder: string, name: string): void {
  cpSync(join(root, "test", "plugin", name), folder, { recursive: true });
  const installed = join(folder, "node_modules", "tilework");
  mkdirSync(installed, { recursive: true });
  for (const part of ["package.json", "dist"]) {
    if (!existsSync(join(installed, part))) cpSync(join(root, part), join(installed, part), { recursive: true });
  }
  // what the package depends on, and tools that a user may have
  for (const name of [
    "acorn",
    "fflate",
    "typescript",
    "magic-string",
    "unplugin",
    "@jridgewell",
    "tsx",
    "vite",
    "vitest",
  ])
    symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name), "junction");
  writeFileSync(join(folder, "package.json"), '{ "type": "module", "private": true }\n');
}

const split = (out: string) => ({ path: dirname(out), filename: out.slice(dirname(out).length + 1) });

const packages = (external: boolean | undefined): RegExp => (external ? /^(?:fflate|tilework)/ : /^fflate/);

const byVite: Builder = async ({ folder, entry, out, plain, external }) => {
  const { path, filename } = split(out);
  await viteBuild({
    root: folder,
    configFile: false,
    logLevel: "error",
    plugins: plain ? [] : [tilework.vite()],
    build: {
      outDir: path,
      emptyOutDir: false,
      modulePreload: false,
      rolldownOptions: { input: entry, external: packages(external), output: { entryFileNames: filename } },
    },
  });
};

/** What users have from @rollup/plugin-node-resolve, which heeds what packages say of side effects, and -typescript or -esbuild. */
const resolveAndStrip = (folder: string, external: boolean | undefined): Plugin => ({
  name: "resolve-and-strip",
  resolveId(id, importer) {
    if (packages(external).test(id)) return { id, external: true };
    const require = createRequire(join(folder, "main.ts"));
    const installed = join(folder, "node_modules", "tilework");
    const { exports, sideEffects } = require("tilework/package.json") as {
      exports: Record<string, { default: string }>;
      sideEffects: readonly string[];
    };
    const found = (path: string) => {
      const name = `./${relative(installed, path)}`;
      return { id: path, moduleSideEffects: name.startsWith("./..") || sideEffects.includes(name) };
    };
    if (id.startsWith("tilework")) {
      const target = exports[`.${id.slice("tilework".length)}`];
      return target && found(join(installed, target.default));
    }
    if (id === "acorn") return require.resolve("acorn").replace(/js$/, "mjs");
    if (!id.startsWith(".") || !importer) return null;
    const path = join(dirname(importer), id);
    return found(existsSync(path) ? path : path.replace(/js$/, "ts"));
  },
  async transform(code, id) {
    if (!id.endsWith(".ts")) return null;
    const done = await esbuild.transform(code, { loader: "ts", sourcemap: true, target: "es2022" });
    return { code: done.code, map: done.map };
  },
});

/** As @rollup/plugin-typescript does it, under its name: it reads the files by itself, whatever other plugins make of them. */
const stripFromDisk: Plugin = {
  name: "typescript",
  async load(id) {
    if (!id.endsWith(".ts")) return null;
    const done = await esbuild.transform(readFileSync(id, "utf8"), { loader: "ts", target: "es2022" });
    return { code: done.code };
  },
};

const withRollup = async ({ folder, entry, out, plain, external }: Job, others: Plugin[]): Promise<void> => {
  const bundle = await rollup({
    input: entry,
    plugins: [...(plain ? [] : [tilework.rollup()]), ...others, resolveAndStrip(folder, external)],
    onwarn: () => undefined,
  });
  const { output } = await bundle.generate({ format: "es", inlineDynamicImports: true });
  await bundle.close();
  const { code } = await esbuild.transform(output[0].code, { minify: true, target: "es2022" });
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, code);
};

const byRollup: Builder = (job) => withRollup(job, []);
const byRollupTypescript: Builder = (job) => withRollup(job, [stripFromDisk]);

const extensionAlias = { ".js": [".ts", ".js"] };

const byRolldown: Builder = async ({ folder, entry, out, plain, external }) => {
  const bundle = await rolldown({
    cwd: folder,
    input: entry,
    platform: "browser",
    plugins: plain ? [] : [tilework.rolldown()],
    resolve: { extensionAlias },
    external: packages(external),
    logLevel: "silent",
  });
  await bundle.write({ file: out, minify: true, codeSplitting: false });
  await bundle.close();
};

const byEsbuild: Builder = async ({ folder, entry, out, plain, external }) => {
  await esbuild.build({
    absWorkingDir: folder,
    entryPoints: [entry],
    outfile: out,
    bundle: true,
    format: "esm",
    minify: true,
    target: "es2022",
    logLevel: "silent",
    external: external ? ["fflate", "tilework", "tilework/*"] : ["fflate"],
    plugins: plain ? [] : [tilework.esbuild()],
  });
};

const byWebpack: Builder = ({ folder, entry, out, plain, external }) => {
  // what users have from ts-loader or esbuild-loader
  const loader = join(folder, "strip-loader.cjs");
  const path = JSON.stringify(createRequire(import.meta.url).resolve("esbuild"));
  writeFileSync(
    loader,
    `module.exports = function (code) { return require(${path}).transformSync(code, { loader: "ts", target: "es2022" }).code; };\n`,
  );
  return new Promise((resolve, reject) => {
    webpack(
      {
        context: folder,
        entry,
        mode: "production",
        target: ["web", "es2022"],
        experiments: { outputModule: true },
        output: { ...split(out), module: true, chunkFormat: "module" },
        resolve: { extensionAlias },
        externals: [packages(external)],
        externalsType: "module",
        module: { rules: [{ test: /\.ts$/, loader }] },
        plugins: plain ? [] : [tilework.webpack()],
        performance: false,
      },
      (error, stats) => settle(error, stats, resolve, reject),
    );
  });
};

const byRspack: Builder = ({ folder, entry, out, plain, external }) => {
  const options: RspackOptions = {
    context: folder,
    entry,
    mode: "production",
    target: ["web", "es2022"],
    output: { ...split(out), module: true, chunkFormat: "module" },
    resolve: { extensionAlias },
    externals: [packages(external)],
    externalsType: "module",
    module: {
      rules: [
        {
          test: /\.ts$/,
          loader: "builtin:swc-loader",
          options: { jsc: { parser: { syntax: "typescript", decorators: true }, target: "es2022" } },
        },
      ],
    },
    plugins: plain ? [] : [tilework.rspack()],
  };
  return new Promise((resolve, reject) => {
    rspack(options, (error, stats) => settle(error, stats, resolve, reject));
  });
};

interface Stats {
  hasErrors(): boolean;
  toString(options: object): string;
}
function settle(error: Error | null, stats: Stats | undefined, resolve: () => void, reject: (e: Error) => void): void {
  if (error) reject(error);
  else if (stats?.hasErrors()) reject(new Error(stats.toString({ all: false, errors: true, colors: false })));
  else resolve();
}

export const BUILDERS: Readonly<Record<string, Builder>> = {
  Vite: byVite,
  Rollup: byRollup,
  "Rollup with its TypeScript plugin": byRollupTypescript,
  Rolldown: byRolldown,
  esbuild: byEsbuild,
  webpack: byWebpack,
  Rspack: byRspack,
};
