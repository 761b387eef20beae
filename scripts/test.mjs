// `npm test`: lint and format, types, then the tests. All three always run, so that one run shows everything.
//   npm test -- test/tree        only these test files
//   npm test -- --update         rewrites the golden documents
//   npm run test:fuzz            only the long tests
//   npm run test:gpu             the kernels' shaders on this machine's GPU, one of the long tests
//   npm run test:browser         only those in a browser
//   npm run test:engines         those that run generated code, on a Node with 256-bit vectors; -- --install gets one
// TILEWORK_TEST_REPORT=DIR writes what passed and failed there, for .ci/run.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./build.mjs";
import { ensureChromium } from "./chromium.mjs";
import { hasAvx2, installWideNode, wideNode } from "./engines.mjs";

const args = process.argv.slice(2);
const gpu = take("--gpu");
const long = take("--long") || gpu;
const browser = take("--browser");
const engines = take("--engines");
const install = take("--install");
const update = take("--update");
const reportDir = process.env.TILEWORK_TEST_REPORT;
const name = long ? "long" : browser ? "browser" : engines ? "engines" : "everyday";
let binary = process.execPath;

function take(flag) {
  const at = args.indexOf(flag);
  if (at >= 0) args.splice(at, 1);
  return at >= 0;
}

function node(title, file, ...rest) {
  console.log(`\n— ${title}`);
  const env = update ? { ...process.env, TILEWORK_UPDATE_GOLDENS: "1" } : process.env;
  const { status } = spawnSync(binary, [join(root, "node_modules", file), ...rest], {
    cwd: root,
    stdio: "inherit",
    env,
  });
  return status === 0;
}

function passedIn(file) {
  return JSON.parse(readFileSync(file, "utf8")).numPassedTests;
}

if (!existsSync(join(root, "node_modules", "vitest"))) {
  console.error("The tools of the tests are not installed: run npm ci first.");
  process.exit(1);
}
if (browser) ensureChromium();
/** What was tested on which engine, said only if it was. */
let tested;
if (engines) {
  // what is installed may be older than the lock file, and where nothing has changed this takes a moment
  if (install && !process.env.TILEWORK_WIDE_NODE) installWideNode();
  const found = wideNode();
  if (found === undefined) {
    console.error("\nNOT TESTED: 256-bit vectors. There is no Node 24; `npm run test:engines -- --install` gets one.");
    process.exit(process.env.CI || install ? 1 : 0);
  }
  binary = found;
  const avx2 = hasAvx2();
  process.env.TILEWORK_TEST_WIDE = avx2 === true ? "1" : "0";
  const { stdout } = spawnSync(binary, ["--version"], { encoding: "utf8" });
  tested = (passed) => {
    if (avx2 !== true) return `NOT TESTED: 256-bit vectors. This processor has no AVX2 (Node ${stdout.trim()}).`;
    if (passed === 0)
      return `NOT TESTED: 256-bit vectors. No test ran on Node ${stdout.trim()}, or not all of them passed.`;
    return `Generated code was tested on Node ${stdout.trim()} with vectors of 256 bits (${passed} tests).`;
  };
}
if (gpu) {
  process.env.TILEWORK_GPU = "1";
  args.push("test/long/wgsl-device.test.ts");
}
const checks = {};
if (!long && !browser && !engines) {
  checks["lint and format"] = node("lint and format", "@biomejs/biome/bin/biome", "check", "--error-on-warnings");
  checks.types = node("types", "typescript/bin/tsc", "-p", "tsconfig.json");
}
const reportAt = reportDir ?? (engines ? mkdtempSync(join(tmpdir(), "tilework-tests-")) : undefined);
const report = reportAt && join(reportAt, `${name}.json`);
const reporters = report ? ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`] : [];
const config = long || browser || engines ? ["--config", `vitest.${name}.config.ts`] : [];
const tests = node("tests", "vitest/vitest.mjs", "run", ...config, ...reporters, ...args);

if (tested) console.log(`\n${tested(tests && existsSync(report) ? passedIn(report) : 0)}`);
if (reportAt !== reportDir) rmSync(reportAt, { recursive: true });
if (reportDir) {
  mkdirSync(reportDir, { recursive: true });
  const failed = Object.values(checks).filter((ok) => !ok).length;
  const sums = { numPassedTests: Object.keys(checks).length - failed, numFailedTests: failed, success: failed === 0 };
  writeFileSync(join(reportDir, `${name}-checks.json`), JSON.stringify(sums));
}
const broken = Object.keys(checks).filter((check) => !checks[check]);
if (!tests) broken.push("tests");
if (broken.length > 0) console.error(`\nFailed: ${broken.join(", ")}.`);
process.exitCode = broken.length > 0 ? 1 : 0;
