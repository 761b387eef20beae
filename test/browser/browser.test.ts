/** The package in Chromium, under Vite's development server and as built by Vite, with and without cross-origin isolation. */
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { createInterface } from "node:readline";
import { build } from "vite";
import webpack from "webpack";
import { beforeAll, describe, expect, it } from "vitest";
import { workerScript } from "tilework";
import { buildDist, root, runNode, temporaryFolder } from "../pack/workspace.js";
import { findChromium, INSTALL, visit } from "./chromium.js";

interface Found {
  readonly error?: string;
  readonly isolated: boolean;
  readonly threads: number;
  readonly reason?: string;
  readonly same: boolean;
  readonly sum: number;
  readonly notes: readonly string[];
  /** Elements of what `jit` and the program that was built ahead of time gave, and how many differ. */
  readonly built?: { readonly elements: number; readonly different: number };
}
type Headers = Readonly<Record<string, string>>;

const ISOLATED: Headers = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};
const STRICT_CSP: Headers = {
  ...ISOLATED,
  "Content-Security-Policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'",
};
const TYPES: Readonly<Record<string, string>> = { ".html": "text/html", ".js": "text/javascript" };

const browser = findChromium();
if (!browser) {
  const message = `NO BROWSER WAS FOUND: nothing was tried in one. Install it: ${INSTALL}`;
  if (process.env.CI === "true") throw new Error(message);
  console.error(`\n${"!".repeat(message.length)}\n${message}\n${"!".repeat(message.length)}\n`);
}

/** Arguments of the page's step.js. */
const STEP = "{w: f32[33,17], b: f32[17]}, f32[65,33], f32[65,17]";

const project = temporaryFolder();
beforeAll(async () => {
  if (!browser) return;
  buildDist();
  cpSync(join(root, "test", "browser", "page"), project, { recursive: true });
  mkdirSync(join(project, "node_modules", "tilework"), { recursive: true });
  for (const part of ["package.json", "dist"]) {
    const to = join(project, "node_modules", "tilework", part);
    if (!existsSync(to)) cpSync(join(root, part), to, { recursive: true });
  }
  symlinkSync(join(root, "node_modules", "fflate"), join(project, "node_modules", "fflate"));
  symlinkSync(join(root, "node_modules", "acorn"), join(project, "node_modules", "acorn"));
  writeFileSync(join(project, "package.json"), '{ "type": "module" }');
  mkdirSync(join(project, "public"));
  writeFileSync(join(project, "public", "tilework-worker.js"), workerScript);
  const command = ["build", "--aot", "step.js#step", "--args", STEP, "--out", join(project, "built")];
  const { status, output } = runNode([join(root, "dist", "cli", "main.js"), ...command], project);
  expect(status, output).toBe(0);
  await build({ root: project, logLevel: "error", configFile: false });
  await buildByWebpack();
});

/** The same page by webpack, without a loader or a plugin. */
async function buildByWebpack(): Promise<void> {
  const output = { path: join(project, "webpacked"), filename: "main.js", module: true };
  const stats = await new Promise<webpack.Stats>((resolve, reject) => {
    webpack(
      {
        context: project,
        entry: "./main.js",
        mode: "production",
        target: "web",
        output,
        experiments: { outputModule: true },
      },
      (error, done) => (done ? resolve(done) : reject(error)),
    );
  });
  expect(stats.toJson({ all: false, errors: true, warnings: true })).toMatchObject({ errors: [] });
  cpSync(join(project, "index.html"), join(project, "webpacked", "index.html"));
}

/** Takes what the page posts to /report. */
function reporter(): { readonly handle: RequestListener; readonly report: Promise<Found> } {
  let settle: (found: Found) => void;
  const report = new Promise<Found>((resolve) => {
    settle = resolve;
  });
  const handle: RequestListener = (request, response) => {
    let text = "";
    request.on("data", (chunk) => {
      text += String(chunk);
    });
    request.on("end", () => {
      response.end();
      settle(JSON.parse(text) as Found);
    });
  };
  return { handle, report };
}
async function port(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

async function inBuild(headers: Headers, query = "", folder = "dist"): Promise<Found> {
  const { handle, report } = reporter();
  const server = createHttpServer((request, response) => {
    const path = (request.url ?? "/").split("?")[0];
    if (path === "/report") return handle(request, response);
    const file = join(project, folder, path === "/" ? "index.html" : path);
    if (!existsSync(file)) return response.writeHead(404).end();
    response.writeHead(200, { "Content-Type": TYPES[extname(file)] ?? "application/octet-stream", ...headers });
    return response.end(readFileSync(file));
  });
  const at = await port(server);
  try {
    return await visit(browser ?? "", `http://127.0.0.1:${at}/${query}`, report);
  } finally {
    server.close();
  }
}
async function inDevelopment(headers: Headers): Promise<Found> {
  const script = join(root, "test", "browser", "dev-server.mjs");
  const server = spawn(process.execPath, [script, project, JSON.stringify(headers)], {
    cwd: root,
    env: { PATH: process.env.PATH },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
  const line = async (): Promise<string> => {
    const { value } = await lines.next();
    if (typeof value !== "string") throw new Error("the development server ended");
    return value;
  };
  try {
    return await visit(
      browser ?? "",
      await line(),
      line().then((text) => JSON.parse(text) as Found),
    );
  } finally {
    server.kill("SIGKILL");
  }
}

const ROWS = 256;
function expectThreads(found: Found): void {
  expect(found.error).toBeUndefined();
  expect(found).toMatchObject({ isolated: true, threads: 3, same: true });
  expect(found.sum).toBeCloseTo(ROWS, 2);
  expect(found.notes.join("\n")).toMatch(/shared among threads[\s\S]*threads: 3/);
}
function expectOne(found: Found, why: RegExp): void {
  expect(found.error).toBeUndefined();
  expect(found).toMatchObject({ threads: 1, same: true });
  expect(found.sum).toBeCloseTo(ROWS, 2);
  expect(found.reason).toMatch(why);
}

describe.skipIf(!browser)("Chromium", () => {
  it("shares kernels among threads under Vite's development server", async () => {
    expectThreads(await inDevelopment(ISOLATED));
  });
  it("shares kernels among threads in what Vite builds", async () => {
    const found = await inBuild(ISOLATED, "?built");
    expectThreads(found);
    // what `tilework build --aot` wrote, beside jit in the same page
    expect(found.built).toEqual({ elements: 34 * 17 + 1, different: 0 });
  });
  it("does so in what webpack builds", async () => {
    const found = await inBuild(ISOLATED, "?built", "webpacked");
    expectThreads(found);
    expect(found.built).toMatchObject({ different: 0 });
  });
  it("does with one thread where the page is not isolated", async () => {
    expectOne(await inBuild({}), /not cross-origin isolated/);
    expectOne(await inDevelopment({}), /not cross-origin isolated/);
  });
  it("does with one thread where a content security policy forbids workers from blobs", async () => {
    expectOne(await inBuild(STRICT_CSP), /workerUrl/);
  });
  it("takes the workers' script from a file under such a policy", async () => {
    expectThreads(await inBuild(STRICT_CSP, "?workerUrl=/tilework-worker.js"));
  });
});
