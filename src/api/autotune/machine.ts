/** What a measurement is true for beside the program: the processor or browser, its features, and how many threads there are. */
import { engineTarget } from "../../jit/engine.js";
import { environment, nodeModule } from "../../util/node.js";
import { config } from "../config.js";

let known: string | undefined;

export function machineKey(): string {
  const { navigator, process } = globalThis as {
    navigator?: { userAgent?: string; hardwareConcurrency?: number };
    process?: { arch?: string; versions?: { v8?: string } };
  };
  if (known === undefined) {
    const cpus = nodeModule<typeof import("node:os")>("node:os")?.cpus() ?? [];
    const engine = process?.versions?.v8 ? `${process.arch} V8 ${process.versions.v8}` : navigator?.userAgent;
    known = JSON.stringify([cpus[0]?.model ?? "", cpus.length || (navigator?.hardwareConcurrency ?? 0), engine ?? ""]);
  }
  const { name, wide, relaxedMadd } = engineTarget();
  return `${known} ${name} ${wide} ${relaxedMadd} ${config.threads ?? environment("TILEWORK_THREADS") ?? "all"}`;
}
