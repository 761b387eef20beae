/** The sample of source capture in Chromium and Node: built and minified with the package by every bundler, and as Vite serves it. */
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createServer } from "vite";
import { beforeAll, describe, expect, it } from "vitest";
import tilework from "tilework/plugin";
import { buildDist, runNode, temporaryFolder } from "../pack/workspace.js";
import { BUILDERS, makeProject } from "../plugin/builders.js";
import { checkSample, type SampleResults } from "../plugin/sample-results.js";
import { findChromium, visit } from "./chromium.js";

const browser = findChromium();
const folder = temporaryFolder();
const out = join(folder, "out");
beforeAll(() => {
  buildDist();
  makeProject(folder, "sample");
  mkdirSync(out);
});

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Takes what the page posts to /report, and leaves the rest to `next`. */
function reporter(next: Handler): { readonly handle: Handler; readonly report: Promise<SampleResults> } {
  let settle: (results: SampleResults) => void;
  const report = new Promise<SampleResults>((resolve) => {
    settle = resolve;
  });
  const handle: Handler = (request, response) => {
    if (request.url !== "/report") return next(request, response);
    let text = "";
    request.on("data", (chunk) => {
      text += String(chunk);
    });
    request.on("end", () => {
      response.end();
      settle(JSON.parse(text) as SampleResults);
    });
  };
  return { handle, report };
}

async function open(server: Server, report: Promise<SampleResults>): Promise<SampleResults> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await visit(browser ?? "", `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, report);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

/** A page with one script. */
function inPage(script: string): Promise<SampleResults> {
  const { handle, report } = reporter((request, response) => {
    const isScript = request.url === "/main.js";
    response.setHeader("Content-Type", isScript ? "text/javascript" : "text/html");
    response.end(isScript ? script : '<!doctype html><script type="module" src="/main.js"></script>');
  });
  return open(createHttpServer(handle), report);
}

describe.each(Object.entries(BUILDERS))("%s", (name, build) => {
  const entry = join(folder, "main.ts");
  const file = join(out, `${name}.js`);

  it("builds an application that runs in Node and in Chromium", async () => {
    await build({ folder, entry, out: file });
    const { status, output } = runNode([file], folder);
    expect(status, output).toBe(0);
    checkSample(JSON.parse(output) as SampleResults, expect);
    const script = readFileSync(file, "utf8");
    expect(script).not.toMatch(/createSourceFile|transpileModule|a function that nobody uses/);
    if (browser) checkSample(await inPage(script), expect);
  });
});

describe("the descriptions of the source", () => {
  it("are under 15 % of the application", () => {
    const file = join(out, "esbuild.js");
    const code = readFileSync(file, "utf8");
    const records = [...code.matchAll(/\{v:\d+,file:.*?,values:\{.*?\}\}/g)].map((m) => m[0].length);
    expect(records.length).toBeGreaterThan(5);
    const size = records.reduce((a, b) => a + b, 0);
    expect(size / statSync(file).size).toBeLessThan(0.15);
  });
});

describe.skipIf(!browser)("Vite's development server", () => {
  it("serves the application to Chromium", async () => {
    writeFileSync(join(folder, "index.html"), '<!doctype html><script type="module" src="./main.ts"></script>\n');
    const vite = await createServer({
      root: folder,
      configFile: false,
      logLevel: "error",
      plugins: [tilework.vite()],
      server: { middlewareMode: true, ws: false },
      appType: "spa",
    });
    const { handle, report } = reporter((request, response) => vite.middlewares(request, response));
    try {
      checkSample(await open(createHttpServer(handle), report), expect);
    } finally {
      await vite.close();
    }
  });
});

describe("the hook after tsx", () => {
  it("captures before tsx compiles", () => {
    const { status, output } = runNode(["--import", "tsx", "--import", "tilework/register", "main.ts"], folder);
    expect(status, output).toBe(0);
    checkSample(JSON.parse(output) as SampleResults, expect);
  });
});
