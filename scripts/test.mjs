// `npm test`: lint and format, types, then the tests. All three always run, so that one run shows everything.
//   npm test -- test/tree        only these test files
//   npm test -- --update         rewrites the golden documents
//   npm run test:fuzz            only the long tests
//   npm run test:browser         only those in a browser
// TILEWORK_TEST_REPORT=DIR writes what passed and failed there, for .ci/run.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./build.mjs";
import { ensureChromium } from "./chromium.mjs";

const args = process.argv.slice(2);
const long = take("--long");
const browser = take("--browser");
const update = take("--update");
const reportDir = process.env.TILEWORK_TEST_REPORT;
const name = long ? "long" : browser ? "browser" : "everyday";

function take(flag) {
  const at = args.indexOf(flag);
  if (at >= 0) args.splice(at, 1);
  return at >= 0;
}

function node(title, file, ...rest) {
  console.log(`\n— ${title}`);
  const env = update ? { ...process.env, TILEWORK_UPDATE_GOLDENS: "1" } : process.env;
  const { status } = spawnSync(process.execPath, [join(root, "node_modules", file), ...rest], {
    cwd: root,
    stdio: "inherit",
    env,
  });
  return status === 0;
}

if (!existsSync(join(root, "node_modules", "vitest"))) {
  console.error("The tools of the tests are not installed: run npm ci first.");
  process.exit(1);
}
if (browser) ensureChromium();
const checks = {};
if (!long && !browser) {
  checks["lint and format"] = node("lint and format", "@biomejs/biome/bin/biome", "check", "--error-on-warnings");
  checks.types = node("types", "typescript/bin/tsc", "-p", "tsconfig.json");
}
const reporters = reportDir
  ? ["--reporter=default", "--reporter=json", `--outputFile.json=${join(reportDir, `${name}.json`)}`]
  : [];
const config = long || browser ? ["--config", `vitest.${name}.config.ts`] : [];
const tests = node("tests", "vitest/vitest.mjs", "run", ...config, ...reporters, ...args);

if (reportDir) {
  mkdirSync(reportDir, { recursive: true });
  const failed = Object.values(checks).filter((ok) => !ok).length;
  const report = { numPassedTests: Object.keys(checks).length - failed, numFailedTests: failed, success: failed === 0 };
  writeFileSync(join(reportDir, `${name}-checks.json`), JSON.stringify(report));
}
const broken = Object.keys(checks).filter((check) => !checks[check]);
if (!tests) broken.push("tests");
if (broken.length > 0) console.error(`\nFailed: ${broken.join(", ")}.`);
process.exitCode = broken.length > 0 ? 1 : 0;
