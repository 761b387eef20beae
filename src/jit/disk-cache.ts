/**
 * Modules of earlier processes: in Node, what took long to lower is kept in a folder, so that the next process takes it from there.
 * The folder is TILEWORK_CACHE_DIR, else tilework in XDG_CACHE_HOME or ~/.cache; TILEWORK_CACHE=0 does without, and so does a
 * disk that cannot be written, in silence: the cache changes how long a first call takes, and nothing else.
 */
import { type FolderFiles, makeFolder } from "../util/folder.js";

/** What a program needs to run beside its plan. */
export interface StoredModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly arenaBytes: number;
  readonly ownBytes: number;
  /** For each output, the input whose memory it takes. */
  readonly donatedFrom: readonly (number | null)[];
  /** Is it worth optimising before its first run? */
  readonly optimise: boolean;
  /** Stages that threads share. */
  readonly shared: number;
  /** Milliseconds that it took to lower. */
  readonly ms: number;
  /** Large inputs that contractions read: positions and elements. */
  readonly operands: readonly (readonly [number, number])[];
}

/** Settings, read at each compilation. */
export const cacheSettings: { cache: boolean } = { cache: true };

/** Bytes of the folder above which the files that were not used for longest go, down to three quarters. */
const MOST_BYTES = 64 * 1024 ** 2;
/** Raised when what is stored changes its form. */
const FORMAT = 4;

interface Stats {
  readonly size: number;
  readonly mtimeMs: number;
}
/** The parts of Node that are needed, without its types in our declarations. */
interface Files extends FolderFiles {
  readFileSync(path: string): Uint8Array<ArrayBuffer>;
  readdirSync(path: string): string[];
  renameSync(from: string, to: string): void;
  statSync(path: string): Stats;
  unlinkSync(path: string): void;
  utimesSync(path: string, atime: Date, mtime: Date): void;
  writeFileSync(path: string, data: Uint8Array, options: { mode: number }): void;
}
interface Hash {
  update(data: string | Uint8Array): Hash;
  digest(encoding: "hex"): string;
}
interface Paths {
  dirname(path: string): string;
  join(...parts: string[]): string;
}
interface NodeProcess {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  readonly versions?: Readonly<Record<string, string | undefined>>;
  getBuiltinModule?(name: string): unknown;
}

interface Disk {
  readonly fs: Files;
  readonly folder: string;
  readonly build: string;
  readonly process: NodeProcess;
  sha256(...parts: readonly (string | Uint8Array)[]): string;
}

let disk: Disk | null | undefined;

/** The folder, found once; null where there is none to be had. */
function findDisk(): Disk | null {
  const { process } = globalThis as { process?: NodeProcess };
  if (!process?.versions?.node || !process.getBuiltinModule || process.env.TILEWORK_CACHE === "0") return null;
  // the sources of the package change from run to run
  if (!import.meta.url.startsWith("file:") || import.meta.url.endsWith(".ts")) return null;
  try {
    const fs = process.getBuiltinModule("node:fs") as Files;
    const { homedir } = process.getBuiltinModule("node:os") as { homedir(): string };
    const { dirname, join } = process.getBuiltinModule("node:path") as Paths;
    const { fileURLToPath } = process.getBuiltinModule("node:url") as { fileURLToPath(url: string): string };
    const { createHash } = process.getBuiltinModule("node:crypto") as { createHash(name: string): Hash };
    const { TILEWORK_CACHE_DIR: own, XDG_CACHE_HOME: xdg } = process.env;
    const folder = own || join(xdg || join(homedir(), ".cache"), "tilework");
    // another version or build of this package may lower the same program to another module; files of packages from a registry
    // all have one date
    const self = fileURLToPath(import.meta.url);
    const { size, mtimeMs } = fs.statSync(self);
    const build = [FORMAT, versionAt(fs, join(self, "../../../package.json")), size, mtimeMs];
    build.push(stampAt(fs, join(self, "../../.stamp")));
    makeFolder(fs, dirname, folder, 0o700);
    return {
      fs,
      folder,
      process,
      build: build.join(" "),
      sha256: (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest("hex"),
    };
  } catch {
    return null;
  }
}
/** The version in the package's manifest; nothing where the code became part of another package. */
function versionAt(fs: Files, manifest: string): string {
  try {
    const { name, version } = JSON.parse(new TextDecoder().decode(fs.readFileSync(manifest)));
    return `${name} ${version}`;
  } catch {
    return "";
  }
}
/** What the build of a package under development writes, which changes with any of its files; an installed package has none. */
function stampAt(fs: Files, file: string): string {
  try {
    return new TextDecoder().decode(fs.readFileSync(file));
  } catch {
    return "";
  }
}
function usable(): Disk | null {
  if (!cacheSettings.cache) return null;
  if (disk === undefined) disk = findDisk();
  return disk;
}

/** The place of a module with the key that `key` makes; undefined where nothing is kept, or where there is no key. */
export function cachePlace(key: () => string | undefined): string | undefined {
  const d = usable();
  const text = d ? key() : undefined;
  return d && text !== undefined ? `${d.folder}/${d.sha256(d.build, "\n", text)}.module` : undefined;
}

/** Of all that a file says and of its name: it was neither damaged nor put in another's place. */
function checksum(d: Disk, place: string, head: unknown, bytes: Uint8Array): string {
  return d.sha256(place.slice(d.folder.length), JSON.stringify(head), bytes);
}

/** What is there, if it is whole. */
export function loadModule(place: string): StoredModule | undefined {
  const d = usable();
  if (!d) return undefined;
  try {
    const file = d.fs.readFileSync(place);
    const end = file.indexOf(10);
    const { sum, ...head } = JSON.parse(new TextDecoder().decode(file.subarray(0, end)));
    const bytes = file.slice(end + 1);
    if (checksum(d, place, head, bytes) !== sum) return undefined;
    const now = new Date();
    try {
      d.fs.utimesSync(place, now, now);
    } catch {
      // a disk that can only be read
    }
    return { ...head, bytes };
  } catch {
    return undefined; // not there, or not readable
  }
}

/** Keeps it for later processes, if the disk allows. */
export function storeModule(place: string, { bytes, ...head }: StoredModule): void {
  const d = usable();
  if (!d) return;
  // threads of one process write at the same time, too
  const temporary = `${place}.${d.process.pid}${String(Math.random()).slice(2)}`;
  try {
    const line = `${JSON.stringify({ ...head, sum: checksum(d, place, head, bytes) })}\n`;
    const start = new TextEncoder().encode(line);
    const file = new Uint8Array(start.length + bytes.length);
    file.set(start);
    file.set(bytes, start.length);
    d.fs.writeFileSync(temporary, file, { mode: 0o600 });
    // whole or not at all, whoever reads it meanwhile
    d.fs.renameSync(temporary, place);
    makeRoom(d);
  } catch {
    disk = null; // read-only or full
    try {
      d.fs.unlinkSync(temporary);
    } catch {
      // it was never made
    }
  }
}

/** What this cache writes, temporary files of processes that ended too early included: whatever else lies there is not ours. */
const OWN_FILE = /^[0-9a-f]{64}\.module(\.\d+)?$/;

function makeRoom({ fs, folder }: Disk): void {
  const names = fs.readdirSync(folder).filter((name) => OWN_FILE.test(name));
  const files = names.flatMap((name) => {
    const path = `${folder}/${name}`;
    try {
      const { size, mtimeMs } = fs.statSync(path);
      return [{ path, size, mtimeMs }];
    } catch {
      return []; // another process made room
    }
  });
  let bytes = files.reduce((n, f) => n + f.size, 0);
  if (bytes <= MOST_BYTES) return;
  for (const f of files.sort((a, b) => a.mtimeMs - b.mtimeMs)) {
    if (bytes <= MOST_BYTES * 0.75) return;
    try {
      fs.unlinkSync(f.path);
    } catch {
      // another process was faster
    }
    bytes -= f.size;
  }
}
