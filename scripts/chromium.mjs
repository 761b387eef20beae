// Sees to it that there is a Chromium for the browser tests: where this is root on Debian or the like, it installs the package.
import { spawnSync } from "node:child_process";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const runs = (command, args) => spawnSync(command, args, { stdio: "ignore" }).status === 0;

export function ensureChromium() {
  if (process.env.CHROME_PATH || NAMES.some((name) => runs(name, ["--version"]))) return;
  // elsewhere the tests say what to install
  if (process.getuid?.() !== 0 || !runs("apt-get", ["--version"])) return;
  console.log("\n— Chromium is not there: installing Debian's");
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  for (const args of [
    ["update", "-qq"],
    ["install", "-y", "-qq", "--no-install-recommends", "chromium"],
  ])
    spawnSync("apt-get", args, { stdio: ["ignore", "ignore", "inherit"], env });
}
