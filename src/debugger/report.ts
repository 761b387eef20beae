/** What a kernel's programs did with memory, and what looks wrong without being an error. */
import { byteSize } from "../ir/dtype.js";

import type { Memory, Role, Traffic } from "./memory.js";

/** Elements that one program moved, and their bytes; scratch is not counted. */
export interface ProgramReport extends Traffic {
  readonly id: readonly number[];
  readonly loadedBytes: number;
  readonly storedBytes: number;
}

/** What all programs did with one reference. */
export interface RefReport extends Traffic {
  readonly name: string;
  readonly role: Role;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly loadedBytes: number;
  readonly storedBytes: number;
  /** Of an out that starts from nothing: how many elements no program wrote. */
  readonly unwritten: number;
}

export class KernelReport {
  constructor(
    readonly kernel: string,
    readonly grid: readonly number[],
    readonly programs: readonly ProgramReport[],
    readonly refs: readonly RefReport[],
    readonly warnings: readonly string[],
  ) {}

  get loadedBytes(): number {
    return this.refs.reduce((n, r) => n + r.loadedBytes, 0);
  }
  get storedBytes(): number {
    return this.refs.reduce((n, r) => n + r.storedBytes, 0);
  }

  toString(): string {
    const rows = [
      ["", "type", "loads", "stores", "atomics", "bytes in", "bytes out"],
      ...this.refs.map((r) => [
        r.name,
        `${r.dtype}[${r.shape.join(",")}]`,
        ...[r.loads, r.stores, r.atomics, r.loadedBytes, r.storedBytes].map(String),
      ]),
    ];
    const widths = rows[0].map((_, c) => Math.max(...rows.map((r) => r[c].length)));
    const table = rows.map((r) =>
      r
        .map((t, c) => (c < 2 ? t.padEnd(widths[c]) : t.padStart(widths[c])))
        .join("  ")
        .trimEnd(),
    );
    const most = [...this.programs].sort((a, b) => b.loadedBytes + b.storedBytes - a.loadedBytes - a.storedBytes)[0];
    const each = most
      ? [
          `most by one program: ${most.loadedBytes} bytes in, ${most.storedBytes} bytes out (program ${idText(most.id)})`,
        ]
      : [];
    return [
      `${this.kernel}: ${this.programs.length} programs on a grid of ${this.grid.join(" × ")}`,
      ...table,
      ...each,
      ...this.warnings.map((w) => `warning: ${w}`),
    ].join("\n");
  }
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

function idText(id: readonly number[]): string {
  return id.length === 1 ? String(id[0]) : `(${id.join(", ")})`;
}

export function refReport(m: Memory, all: boolean): RefReport {
  const { shape, dtype } = m.aval;
  const size = byteSize(dtype);
  const { loads, stores, atomics } = m.traffic;
  return {
    name: m.name,
    role: m.role,
    shape: shape as readonly number[],
    dtype,
    loads,
    stores,
    atomics,
    loadedBytes: (loads + atomics) * size,
    storedBytes: (stores + atomics) * size,
    unwritten: all && m.written ? m.written.reduce((n, w) => n + 1 - w, 0) : 0,
  };
}

/** Elements of an out that no program wrote: a word of warning, with the first of them. */
export function unwrittenWarning(m: Memory): string | undefined {
  const { written } = m;
  if (!written) return undefined;
  const first = written.indexOf(0);
  if (first < 0) return undefined;
  const count = written.reduce((n, w) => n + 1 - w, 0);
  const last = written.lastIndexOf(0);
  const where =
    count === 1
      ? m.element(first)
      : `${count} of ${written.length} elements, from ${m.element(first)} to ${m.element(last)}`;
  return `no program wrote ${where}: what they hold is not defined`;
}
