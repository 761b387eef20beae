/** A headless Chromium that opens one page, and a way for that page to tell what it found. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
export const INSTALL = "apt-get install -y chromium   (or set CHROME_PATH to a Chromium or Chrome)";

/** The browser's path; undefined when there is none. */
export function findChromium(): string | undefined {
  const { CHROME_PATH } = process.env;
  if (CHROME_PATH) return CHROME_PATH;
  return NAMES.find((name) => spawnSync(name, ["--version"], { stdio: "ignore" }).status === 0);
}

/** Opens `url` in a browser of its own until `report` is settled. */
export async function visit<R>(browser: string, url: string, report: Promise<R>, seconds = 60): Promise<R> {
  const profile = mkdtempSync(join(tmpdir(), "tilework-chromium-"));
  const args = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"];
  const log: string[] = [];
  const child: ChildProcess = spawn(browser, [...args, `--user-data-dir=${profile}`, "--enable-logging=stderr", url], {
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
  child.stderr?.on("data", (text) => log.push(String(text)));
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  let timer: NodeJS.Timeout | undefined;
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`the page reported nothing in ${seconds} s:\n${log.join("").slice(-4000)}`)),
        seconds * 1000,
      );
    });
    return await Promise.race([report, late]);
  } finally {
    clearTimeout(timer);
    try {
      // its helpers are in its process group
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    } catch {
      child.kill("SIGKILL");
    }
    await ended;
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}
