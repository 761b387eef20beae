/** The configurations of a tuned kernel with their times, as text. */
import type { KernelConfig, Tuning } from "./types.js";

export function configText(config: KernelConfig): string {
  return Object.entries(config)
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" ");
}

/** One line for each configuration, the fastest first. */
export function tuningLines({ rows, kept }: Tuning): string[] {
  const sorted = [...rows].sort((a, b) => (a.ms ?? Number.POSITIVE_INFINITY) - (b.ms ?? Number.POSITIVE_INFINITY));
  const names = sorted.map((r) => configText(r.config));
  const width = Math.max(...names.map((n) => n.length));
  return [
    `autotune: ${rows.length} configurations${kept ? ", measured by an earlier process" : ""}`,
    ...sorted.map((r, i) => {
      const time = r.ms === undefined ? `does not work: ${r.error ?? ""}` : `${r.ms.toPrecision(3)} ms`;
      return `autotune: ${r.chosen ? "*" : " "} ${names[i].padEnd(width)}  ${time}`;
    }),
  ];
}
