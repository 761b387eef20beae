/** The plugin in Vite's development server and in Vitest. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createLogger, createServer, type InlineConfig, type ViteDevServer } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import tilework from "tilework/plugin";
import { buildDist, root, runNode, temporaryFolder } from "../pack/workspace.js";
import { makeProject } from "./builders.js";

const folder = temporaryFolder();
const servers: ViteDevServer[] = [];
beforeAll(() => {
  buildDist();
  makeProject(folder, "sample");
});
afterAll(() => Promise.all(servers.map((s) => s.close())));

async function serve(config: InlineConfig = {}): Promise<ViteDevServer> {
  const server = await createServer({
    root: folder,
    configFile: false,
    logLevel: "silent",
    plugins: [tilework.vite()],
    server: { middlewareMode: true, ws: false },
    ...config,
  });
  servers.push(server);
  return server;
}

describe("Vite's development server", () => {
  it("runs captured source, and shows its text in errors", async () => {
    const server = await serve();
    const { newton } = (await server.ssrLoadModule("/newton.ts")) as { newton: (x: number) => { item(): number } };
    expect(newton(2).item()).toBeCloseTo(Math.SQRT2, 6);
    const { early } = (await server.ssrLoadModule("/literal.ts")) as { early: { item(): number } };
    expect(early.item()).toBe(42);
    expect((await server.transformRequest("/newton.ts"))?.code).toContain("source:");
  });

  it("captures what a file says after it was changed", async () => {
    const server = await serve();
    const file = join(folder, "newton.ts");
    const before = (await server.transformRequest("/newton.ts"))?.code;
    writeFileSync(file, readFileSync(file, "utf8").replace("let x = a;", "\n  let x = a;"));
    server.watcher.emit("change", file);
    await expect.poll(async () => (await server.transformRequest("/newton.ts"))?.code).not.toBe(before);
  });

  it("shows everything that is refused", async () => {
    const server = await serve();
    const refused = server.transformRequest("/refused.ts").then(
      () => "nothing",
      (e: Error) => e.message,
    );
    expect(await refused).toMatch(/refused\.ts:4:3 error TW7[\s\S]*refused\.ts:5:3 error TW7/);
  });

  it("scans modules with @jit function for dependencies", async () => {
    const scan = async (plugins: NonNullable<InlineConfig["plugins"]>) => {
      const logged: string[] = [];
      const customLogger = createLogger("silent");
      for (const level of ["warn", "error"] as const) customLogger[level] = (m) => void logged.push(m);
      const cacheDir = join(folder, `cache-${plugins.length}`);
      const server = await serve({
        customLogger,
        plugins,
        cacheDir,
        optimizeDeps: { entries: ["main.ts"] },
        server: { port: 0, ws: false },
      });
      await server.listen();
      const optimizer = server.environments.client.depsOptimizer;
      await optimizer?.scanProcessing;
      await Promise.all(Object.values(optimizer?.metadata.discovered ?? {}).map((d) => d.processing));
      return logged.join("\n");
    };
    expect(await scan([])).toMatch(/Failed to run dependency scan[\s\S]*literal\.ts/);
    expect(await scan([tilework.vite()])).toBe("");
  });
});

describe("Vitest", () => {
  it("captures through the same plugin", () => {
    writeFileSync(
      join(folder, "vitest.config.mjs"),
      'import tilework from "tilework/plugin";\nexport default { plugins: [tilework.vite()] };\n',
    );
    writeFileSync(
      join(folder, "sample.test.ts"),
      `import { expect, it } from "vitest";
      import { newton } from "./newton.js";
      import { slope } from "./activation.js";
      it("runs", () => {
        expect(newton(2).item()).toBeCloseTo(Math.SQRT2, 6);
        expect(slope(-3).item()).toBe(0.25);
      });\n`,
    );
    const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
    const { status, output } = runNode([vitest, "run", "--root", folder, "--no-cache"], folder);
    expect(status, output).toBe(0);
  });
});
