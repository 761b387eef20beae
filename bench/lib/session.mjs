// A peer's process as seen from the harness: commands in turn, and held still while others are measured.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const here = join(fileURLToPath(import.meta.url), "..");
const PYTHONS = ["/usr/bin/python3", "python3"];
const isPython = (peer) => ["numpy", "torch", "jax"].includes(peer);
const canStop = process.platform !== "win32";

/** How a peer's process is started. */
function commandOf(peer, threads, { node, python, nodeFlags }) {
  const args = [peer, String(threads)];
  if (isPython(peer)) {
    const found = python ?? PYTHONS.find((p) => !p.startsWith("/") || existsSync(p));
    return [found, [join(here, "..", "peers", "python.py"), ...args]];
  }
  // only our own code may use engine flags: a peer is run as its users run it
  const flags = peer === "ours" || peer === "roof" ? nodeFlags : [];
  return [node, [...flags, "--no-warnings", join(here, "child.mjs"), ...args]];
}

export class Session {
  constructor(peer, threads, options) {
    this.peer = peer;
    this.threads = threads;
    this.name = `${peer}:${threads}`;
    this.options = options;
    this.start();
  }

  start() {
    const { peer, threads, options } = this;
    const [command, args] = commandOf(peer, threads, options);
    const one = String(threads);
    const limits = { OMP_NUM_THREADS: one, OPENBLAS_NUM_THREADS: one, MKL_NUM_THREADS: one, TILEWORK_THREADS: one };
    const errors = options.verbose ? "inherit" : "ignore";
    const child = spawn(command, args, {
      stdio: ["pipe", "ignore", errors, "pipe"],
      // first calls are measured without what earlier runs left on disk
      env: { ...process.env, TILEWORK_CACHE: "0", ...limits },
    });
    this.child = child;
    this.dead = false;
    child.on("error", () => {});
    child.stdin.on("error", () => {});
    createInterface({ input: child.stdio[3] }).on("line", (line) => {
      if (this.child === child) this.waiting?.(JSON.parse(line));
    });
    child.on("exit", (code, signal) => {
      if (this.child !== child) return;
      this.dead = true;
      this.waiting?.({ error: `its process ended (${signal ?? code})` });
    });
  }

  /** A new process in place of one that was given up. */
  async revive() {
    if (!this.dead) return;
    this.start();
    await this.ask("open");
  }

  /** Sends a command and waits for its answer; other processes stay stopped meanwhile. */
  async ask(command, args = {}, timeoutMs = 120_000) {
    if (this.dead) return { error: "its process is gone" };
    if (canStop) this.child.kill("SIGCONT");
    const answer = await new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.child.kill("SIGKILL");
        this.dead = true;
        resolve({ error: `no answer within ${timeoutMs / 1000} s` });
      }, timeoutMs);
      this.waiting = (message) => {
        clearTimeout(timer);
        resolve(message);
      };
      this.child.stdin.write(`${JSON.stringify({ command, ...args })}\n`);
    });
    this.waiting = undefined;
    // threads that spin for a while after their work would slow the next one down
    if (canStop && !this.dead) this.child.kill("SIGSTOP");
    return answer;
  }

  close() {
    this.child.kill("SIGKILL");
  }
}
