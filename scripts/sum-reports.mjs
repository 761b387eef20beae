// Adds up the reports of the test runs in a folder; `N passed, N failed` is its last line, and its exit status says which.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const [dir, ...expected] = process.argv.slice(2);
let passed = 0;
let failed = 0;
for (const file of existsSync(dir) ? readdirSync(dir).filter((name) => name.endsWith(".json")) : []) {
  const report = JSON.parse(readFileSync(join(dir, file), "utf8"));
  passed += report.numPassedTests;
  failed += report.numFailedTests;
  // where an engine dies, what it had still to run is neither passed nor failed
  const lost = (report.testResults ?? []).flatMap((file) => file.assertionResults ?? []);
  failed += lost.filter(({ status }) => status === "pending").length;
  // a suite that could not even be loaded has no failed test, but it has failed
  if (!report.success && report.numFailedTests === 0) failed += Math.max(1, report.numFailedTestSuites ?? 1);
}
for (const name of expected) {
  if (!existsSync(join(dir, `${name}.json`))) {
    console.log(`The ${name} run left no report.`);
    failed += 1;
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
