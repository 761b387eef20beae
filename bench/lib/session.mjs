// A peer's process as seen from the harness: commands in turn, and held still while others are measured.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const here = join(fileURLToPath(import.meta.url), "..");
const PYTHONS = ["/usr/bin/python3", "python3"];
const isPython = (peer) => peer === "numpy" || peer === "torch";
const canStop = process.platform !== "win32";

/** How a peer's process is started. */
function commandOf(peer, threads, { node, nodeFlags }) {
  const args = [peer, String(threads)];
  if (isPython(peer)) {
    const python = PYTHONS.find((p) => !p.startsWith("/") || existsSync(p));
    return [python, [join(here, "..", "peers", "python.py"), ...args]];
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
    const [command, args] = commandOf(peer, threads, options);
    const one = String(threads);
    const env = {
      ...process.env,
      OMP_NUM_THREADS: one,
      OPENBLAS_NUM_THREADS: one,
      MKL_NUM_THREADS: one,
      TILEWORK_THREADS: one,
    };
    this.child = spawn(command, args, {
      stdio: ["pipe", "ignore", options.verbose ? "inherit" : "ignore", "pipe"],
      env,
    });
    this.child.on("error", () => {});
    this.waiting = undefined;
    this.dead = false;
    createInterface({ input: this.child.stdio[3] }).on("line", (line) => this.waiting?.(JSON.parse(line)));
    this.child.on("exit", (code, signal) => {
      this.dead = true;
      this.waiting?.({ error: `its process ended (${signal ?? code})` });
    });
    this.child.stdin.on("error", () => {});
  }

  /** Sends a command and waits for its answer; other processes stay stopped meanwhile. */
  async ask(command, args = {}, timeoutMs = 120_000) {
    if (this.dead) return { error: "its process is gone" };
    if (canStop) this.child.kill("SIGCONT");
    const answer = await new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.child.kill("SIGKILL");
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
