// `npm run bench`: every workload with every peer, in one run. `npm run bench -- --help` lists the options.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { measure } from "./lib/measure.mjs";
import { checkRatios, ratiosOf } from "./lib/regression.mjs";
import {
  compactTable,
  dynamicTable,
  firstCallTable,
  fullTable,
  kernelTable,
  label,
  sharingTable,
  summaryTable,
} from "./lib/report.mjs";
import { Session } from "./lib/session.mjs";
import { DYNAMIC, KERNELS, workloads } from "./lib/workloads.mjs";

const here = join(fileURLToPath(import.meta.url), "..");
const PEERS = [
  "ours",
  "static",
  "composed",
  "roof",
  "numpy",
  "torch",
  "jax",
  "ort-node",
  "ort-web",
  "tfjs",
  "jaxjs",
  "gpujs",
];
const SINGLE_THREADED = new Set(["tfjs", "jaxjs", "gpujs"]);

const HELP = `npm run bench -- [options] [GROUP…]
  GROUP             only the workloads of these groups: kernels, attention, matmul, …
  --filter TEXT     only workloads whose name or group contains TEXT (several: a,b); kernels and dynamic sizes run only so
  --peer LIST       only these peers (${PEERS.join(", ")}); ours is always there
  --threads LIST    thread counts (default: 1 and as many as there are cores)
  --rounds N        pairs per peer (default 9); --no-repeat: don't measure again where a peer's times spread over 5 %
  --node PATH       the Node binary for the children (default: the one that runs this)
  --python PATH     the Python of NumPy, PyTorch and JAX (default: /usr/bin/python3, else python3)
  --flags=FLAGS     engine flags for our own child, separated by commas
  --json FILE       write the results there (--merge: into those that are there already)
  --missing         only workloads that --json has no row for; --seconds N: begin no workload after so long
  --timeout N       seconds until a peer that does not answer is given up for a workload (default 120)
  --report FILE     print the tables of a stored run, measure nothing (--compact: one table)
  --store FILE      write the ratio of ours to each peer there; --check FILE: fail if one has grown by more than --within (default 0.1)
  --tiny            tiny sizes: checks the harness and the peers' results
  --list            names of the workloads
  --verbose         show what the peers print`;

const { values: given, positionals } = parseArgs({
  allowNegative: true,
  allowPositionals: true,
  options: {
    filter: { type: "string" },
    peer: { type: "string" },
    threads: { type: "string" },
    rounds: { type: "string", default: "9" },
    repeat: { type: "boolean", default: true },
    node: { type: "string", default: process.execPath },
    python: { type: "string" },
    flags: { type: "string", default: "" },
    json: { type: "string" },
    merge: { type: "boolean", default: false },
    missing: { type: "boolean", default: false },
    seconds: { type: "string", default: "Infinity" },
    timeout: { type: "string", default: "120" },
    report: { type: "string" },
    compact: { type: "boolean", default: false },
    store: { type: "string" },
    check: { type: "string" },
    within: { type: "string", default: "0.1" },
    tiny: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

/** The peers' packages, as the lock file has them; no script of theirs runs. */
function installPeers() {
  if (existsSync(join(here, "node_modules", ".package-lock.json"))) return;
  console.error("Installing the peers in bench/node_modules …");
  const { status } = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: here,
    stdio: "inherit",
  });
  if (status !== 0) console.error("Some peers could not be installed; those that are missing are left out.");
}

function build() {
  const script = join(here, "..", "scripts", "build.mjs");
  const { status } = spawnSync(process.execPath, [script], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

async function openSessions(peers, threadCounts, options) {
  const sessions = [];
  const facts = {};
  for (const peer of peers) {
    for (const threads of SINGLE_THREADED.has(peer) ? threadCounts.slice(0, 1) : threadCounts) {
      const session = new Session(peer, threads, options);
      sessions.push(session);
      // all start at the same time; the answers come below
      session.opening = session.ask("open");
    }
  }
  const open = [];
  for (const session of sessions) {
    const answer = await session.opening;
    if (answer.error === undefined) {
      open.push(session);
      facts[session.name] = { version: answer.version, engine: answer.engine };
    } else {
      console.error(`${session.name} is left out: ${answer.error}`);
      facts[session.name] = { absent: answer.error };
      session.close();
    }
  }
  return { sessions: open, facts };
}

function print(run) {
  const { facts } = run;
  console.log(
    `${run.cpu}, ${run.cores} cores; ours on ${facts["ours:1"]?.engine ?? Object.values(facts)[0]?.engine}${run.flags ? ` ${run.flags}` : ""}; ${run.date}`,
  );
  console.log(
    `Peers: ${Object.entries(facts)
      .map(([name, f]) => `${label(name)} ${f.version ?? `(absent: ${f.absent})`}`)
      .join(", ")}.\n`,
  );
  const [sized, rows] = [true, false].map((is) => run.rows.filter(({ group }) => (group === DYNAMIC) === is));
  if (sized.length > 0) console.log(`${dynamicTable(sized, run.threads)}\n`);
  if (rows.length === 0) return;
  for (const threads of run.threads)
    console.log(`### ${threads} thread${threads > 1 ? "s" : ""}\n\n${summaryTable(rows, threads)}\n`);
  const sharing = sharingTable(rows);
  if (sharing) console.log(`### Sharing among threads\n\n${sharing}\n`);
  const kernels = kernelTable(rows, run.threads);
  if (kernels) console.log(`### Kernels of the library\n\n${kernels}\n`);
  console.log(`### Everything\n\n${fullTable(rows)}\n\n### First calls\n\n${firstCallTable(rows)}`);
}

async function main() {
  if (given.help) return console.log(HELP);
  if (given.report) {
    const run = JSON.parse(readFileSync(given.report, "utf8"));
    if (given.store) return storeRatios(run.rows);
    return given.compact ? console.log(compactTable(inOrder(run.rows), run.threads)) : print(run);
  }
  const asks = [...(given.filter?.split(",") ?? []), ...positionals].map((w) => w.toLowerCase());
  const wanted = asks.length === 0 ? undefined : asks;
  const all = workloads(given.tiny);
  const matches = ({ id, group }) =>
    wanted === undefined
      ? ![DYNAMIC, KERNELS].includes(group)
      : wanted.some((w) => id.toLowerCase().includes(w) || group === w);
  const stored = given.missing && existsSync(given.json) ? JSON.parse(readFileSync(given.json, "utf8")).rows : [];
  const asked = all.filter(matches);
  // what kernels are held against, the machine itself, is measured in the same run
  const withRoofs = asked.some((w) => w.group === KERNELS)
    ? all.filter((w) => w.group === "roof" || asked.includes(w))
    : asked;
  const chosen = withRoofs.filter(({ id }) => !stored.some((row) => row.id === id));
  if (given.list) return console.log(chosen.map(({ id, group }) => `${id}  (${group})`).join("\n"));
  if (chosen.length === 0 && stored.length > 0) return console.log("Nothing is missing.");
  if (chosen.length === 0) {
    console.error(`No workload matches "${asks.join()}"; --list shows them.`);
    process.exit(2);
  }
  const askedPeers = given.peer?.split(",");
  const unknown = askedPeers?.filter((p) => !PEERS.includes(p)) ?? [];
  if (unknown.length > 0) {
    console.error(`There is no peer "${unknown[0]}"; the peers are ${PEERS.join(", ")}.`);
    process.exit(2);
  }
  const dynamic = chosen.filter(({ group }) => group === DYNAMIC).length;
  const kernels = chosen.filter(({ group }) => group === KERNELS).length;
  /** What runs if nobody asks for peers: those that can do any of the workloads. */
  const usual = (p) => {
    if (p === "composed") return kernels > 0;
    return p === "static" ? dynamic > 0 : dynamic < chosen.length;
  };
  const peers = PEERS.filter((p) => p === "ours" || (askedPeers?.includes(p) ?? usual(p)));
  if (peers.some((p) => !["ours", "static", "composed", "roof", "numpy", "torch", "jax"].includes(p))) installPeers();
  build();
  const cores = availableParallelism();
  const threadCounts = given.threads ? given.threads.split(",").map(Number) : [...new Set([1, Math.min(cores, 8)])];
  const folder = mkdtempSync(join(tmpdir(), "tilework-bench-"));
  const options = {
    node: given.node,
    python: given.python,
    nodeFlags: given.flags.split(",").filter((x) => x !== ""),
    verbose: given.verbose,
    rounds: Number(given.rounds),
    repeat: given.repeat,
    folder,
    warmUpMs: given.tiny ? 2 : 40,
    turnMs: given.tiny ? 0 : 8,
    slowMs: 400,
    timeoutMs: 1000 * Number(given.timeout),
  };
  const { sessions, facts } = await openSessions(peers, threadCounts, options);
  const rows = [];
  const run = {
    date: new Date().toISOString().slice(0, 16),
    cpu: cpus()[0].model.trim(),
    cores,
    flags: given.flags,
    threads: threadCounts,
    facts,
    rows,
  };
  // after each workload: a run that is cut short keeps what it has
  const save = () => {
    if (given.json) writeFileSync(given.json, JSON.stringify(given.merge ? merged(given.json, run) : run, null, 1));
  };
  try {
    for (const workload of chosen) {
      if (performance.now() > 1000 * Number(given.seconds)) break;
      const row = await measure(workload, sessions, options);
      rows.push(row);
      save();
      const own = row.results[`ours:${threadCounts[0]}`];
      console.error(`${row.id}: ${own?.ms === undefined ? (own?.reason ?? "–") : `${own.ms.toPrecision(3)} ms`}`);
    }
  } finally {
    for (const session of sessions) session.close();
    rmSync(folder, { recursive: true, force: true });
  }
  print(run);
  if (given.store) storeRatios(rows);
  const failures = rows.flatMap((r) =>
    Object.entries(r.results)
      .filter(([name, e]) => name.startsWith("ours:") && e.failed)
      .map(([name, e]) => `${r.id}, ${name}: ${e.reason}`),
  );
  if (given.check)
    failures.push(...checkRatios(JSON.parse(readFileSync(given.check, "utf8")), rows, Number(given.within)));
  if (failures.length > 0) {
    console.error(`\n${failures.join("\n")}`);
    process.exitCode = 1;
  }
}

function storeRatios(rows) {
  writeFileSync(given.store, `${JSON.stringify(ratiosOf(rows), null, 1)}\n`);
}

/** As the list of workloads has them, whenever they were measured. */
function inOrder(rows) {
  const order = workloads().map(({ id }) => id);
  return [...rows].sort((a, b) => order.indexOf(a.id) - order.indexOf(b.id));
}

/** The stored run with the rows of this one in their places. */
function merged(file, run) {
  if (!existsSync(file)) return run;
  const before = JSON.parse(readFileSync(file, "utf8"));
  const rows = [...before.rows];
  for (const row of run.rows) {
    const at = rows.findIndex((r) => r.id === row.id);
    if (at < 0) rows.push(row);
    else rows[at] = { ...row, results: { ...rows[at].results, ...row.results } };
  }
  return { ...run, facts: { ...before.facts, ...run.facts }, rows };
}

await main();
