/** `npm run bench` without peers: that each workload runs on ours, that results are compared, and how ratios are judged. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { buildDist, root, runNode, temporaryFolder } from "../pack/workspace.js";

interface Entry {
  readonly ms?: number;
  readonly first?: number;
  readonly error?: number;
  readonly reason?: string;
}
interface Row {
  readonly id: string;
  readonly reference?: string;
  readonly results: Record<string, Entry>;
}
const bench = (...args: string[]) => runNode([join(root, "bench", "main.mjs"), ...args], root);
const folder = temporaryFolder();
/** The modules of `bench/` are plain JavaScript. */
const load = async (name: string): Promise<Record<string, CallableFunction>> =>
  (await import(join(root, "bench", "lib", `${name}.mjs`))) as Record<string, CallableFunction>;

// the benchmark builds what is stale, which takes its time
beforeAll(buildDist);

describe("the benchmark", () => {
  it("runs every workload on ours, at a tiny size, and stores what it found", () => {
    const file = join(folder, "run.json");
    const { status, output } = bench("--tiny", "--peer", "ours", "--threads", "1", "--rounds", "1", "--json", file);
    expect(status, output).toBe(0);
    const { rows } = JSON.parse(readFileSync(file, "utf8")) as { rows: Row[] };
    expect(rows.length).toBeGreaterThan(40);
    for (const { id, results, reference } of rows.filter((r) => !r.id.startsWith("roof"))) {
      const ours = results["ours:1"];
      expect(ours.reason, id).toBeUndefined();
      expect(ours.ms, id).toBeGreaterThan(0);
      expect(ours.first, id).toBeGreaterThan(0);
      expect([ours.error, reference], id).toEqual([0, "ours:1"]);
    }
    expect(output).toContain("| transformer block train |");
    // the tables can be printed again from the file
    expect(bench("--report", file).output).toContain("| LSTM 4 steps gradient |");
  }, 200_000);

  it("holds programs over a named size against those of each size", () => {
    const { status, output } = bench("--tiny", "--filter", "dynamic softmax", "--threads", "1", "--rounds", "1");
    expect(status, output).toBe(0);
    expect(output).toMatch(/\| softmax \| \d+\.\d\d \| \d+\.\d\d \|/);
  }, 60_000);

  it("names what it does not know", () => {
    expect(bench("--filter", "no such thing").output).toContain('No workload matches "no such thing"');
    expect(bench("--peer", "eigen").output).toContain('There is no peer "eigen"');
  });

  it("fails where a ratio to a named peer has grown, and only there", async () => {
    const { checkRatios, ratiosOf } = await load("regression");
    const rowsOf = (ratio: number) => [
      { id: "softmax", results: { "ours:1": { ms: 1 }, "torch:1": { ms: 2, ratio } } },
    ];
    const stored = ratiosOf(rowsOf(0.5));
    expect(stored).toEqual({ softmax: { "torch:1": 0.5 } });
    expect(checkRatios(stored, rowsOf(0.54), 0.1)).toEqual([]);
    expect(checkRatios(stored, rowsOf(0.3), 0.1)).toEqual([]);
    expect(checkRatios(stored, rowsOf(0.6), 0.1)).toEqual(["softmax: 0.60 of the time of torch:1, it was 0.50"]);
  });

  it("sees a result that is off, also where it is not a number", async () => {
    const { relativeError } = await load("data");
    expect(relativeError([1, 2, 4], [1, 2, 4])).toBe(0);
    expect(relativeError([1, 2, 3], [1, 2, 4])).toBe(0.25);
    expect(relativeError([1, Number.NaN], [1, 2])).toBe(Number.POSITIVE_INFINITY);
    expect(relativeError([1], [1, 2])).toBe(Number.POSITIVE_INFINITY);
  });

  it("gives every peer the same inputs", async () => {
    const { makeInput } = await load("data");
    // as bench/peers/python.py makes them
    const x = makeInput({ shape: [4], seed: 3, scale: 2, mean: 1 }) as Float32Array;
    expect([...x]).toEqual([2.5304818153381348, 0.08158887922763824, 0.03781244531273842, -0.9910106658935547]);
    expect([...(makeInput({ shape: [4], seed: 5, below: 10 }) as Int32Array)]).toEqual([1, 7, 4, 3]);
  });

  it("pins its peers exactly and keeps them out of the package", () => {
    const read = (path: string) => JSON.parse(readFileSync(join(root, path), "utf8"));
    for (const version of Object.values(read("bench/package.json").dependencies))
      expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(existsSync(join(root, "bench", "package-lock.json"))).toBe(true);
    expect(read("package.json").files.join()).not.toContain("bench");
    expect(read("package.json").workspaces).not.toContain("bench");
  });
});
