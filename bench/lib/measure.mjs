// One workload over all peers: outputs compared first, then timed in turns, so that each ratio comes from neighbours in time.
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { relativeError } from "./data.mjs";
import { median, spread } from "./statistics.mjs";

/** Whose results the others are held against, best first. */
const REFERENCES = ["torch", "numpy", "jax", "ort-node", "tfjs", "jaxjs", "static", "composed", "ours"];
const DEFAULT_TOLERANCE = 1e-4;

/**
 * `{ workload, results: { "peer:threads": { ms, first, error, spread, ratio?, pairs? } | { reason } }, reference }`.
 * A ratio is time of ours over time of the peer, the median over pairs.
 */
export async function measure(workload, sessions, options) {
  const results = {};
  const ready = [];
  const outputs = new Map();
  for (const session of sessions) {
    await session.revive();
    const made = await session.ask("make", { workload, warmUpMs: options.warmUpMs }, options.timeoutMs);
    if (made.first === undefined)
      results[session.name] = { reason: made.skip ?? made.error, failed: made.error !== undefined };
    else {
      results[session.name] = { first: made.first };
      ready.push({ session, estimate: made.estimate });
    }
  }
  for (const { session } of ready) {
    const read = await readOutputs(session, options);
    if (read.error !== undefined) results[session.name] = { reason: read.error, failed: true };
    else outputs.set(session.name, read);
  }
  const reference = compare(workload, results, outputs);
  const timed = ready.filter(
    ({ session }) => results[session.name].error !== undefined && !results[session.name].failed,
  );
  const roofs = workload.group === "roof" ? [] : sessions.filter((s) => s.peer === "roof");
  const rates = await timeInTurns(workload, timed, roofs, results, options);
  const { id, group, flops, bytes } = workload;
  return { id, group, flops, bytes, reference, results, rates };
}

async function readOutputs(session, options) {
  const file = join(options.folder, `${session.name.replace(":", "-")}.f32`);
  const { lengths, error } = await session.ask("outputs", { file }, options.timeoutMs);
  if (error !== undefined) return { error };
  const bytes = readFileSync(file);
  rmSync(file);
  const all = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  let at = 0;
  return { arrays: lengths.map((n) => all.subarray(at, (at += n))) };
}

/** Writes every peer's error into its result and names the reference; a peer out of tolerance is not timed. */
function compare(workload, results, outputs) {
  const names = [...outputs.keys()];
  const order = (name) => REFERENCES.indexOf(name.split(":")[0]) + (name.endsWith(":1") ? 0 : 0.5);
  const reference = names.sort((a, b) => order(a) - order(b)).find((name) => REFERENCES.includes(name.split(":")[0]));
  if (reference === undefined) {
    // the roofs compute nothing that could be compared
    for (const name of names) results[name].error = 0;
    return undefined;
  }
  const expected = outputs.get(reference).arrays;
  const tolerance = workload.tolerance ?? DEFAULT_TOLERANCE;
  for (const name of names) {
    const { arrays } = outputs.get(name);
    const error =
      arrays.length === expected.length
        ? Math.max(0, ...arrays.map((a, i) => relativeError(a, expected[i])))
        : Infinity;
    results[name].error = error;
    if (!(error <= tolerance)) {
      Object.assign(results[name], {
        failed: true,
        reason: `its result is off by ${error.toExponential(1)} against ${reference}`,
      });
    }
  }
  return reference;
}

/** Runs per turn, so that a turn takes about `turnMs`. */
const runsOf = (estimate, turnMs) => Math.max(1, Math.min(10_000, Math.round(turnMs / Math.max(estimate, 1e-4))));

/** Gives the machine's own rates, { "copy:2": bytes a millisecond, … }, measured in the same turns. */
async function timeInTurns(workload, timed, roofs, results, options) {
  const ours = timed.filter(({ session }) => session.peer === "ours");
  const others = timed.filter(({ session }) => session.peer !== "ours");
  const samples = new Map(timed.map(({ session }) => [session.name, []]));
  const ratios = new Map(others.map(({ session }) => [session.name, []]));
  const mateOf = (other) => ours.find(({ session }) => session.threads === other.session.threads) ?? ours[0];
  const mates = new Set(others.map(mateOf));
  const turn = async ({ session, estimate }) => {
    const count = runsOf(estimate, options.turnMs);
    const { ms, error } = await session.ask("sample", { count, estimate }, options.timeoutMs);
    if (error !== undefined) {
      Object.assign(results[session.name], { reason: error, failed: true });
      return undefined;
    }
    samples.get(session.name).push(ms);
    return ms;
  };
  const rates = {};
  const rounds = async (count) => {
    for (let r = 0; r < count; r++) {
      for (const roof of roofs) {
        const now = (await roof.ask("rates", {}, options.timeoutMs)).rates ?? {};
        for (const [kind, rate] of Object.entries(now)) (rates[`${kind}:${roof.threads}`] ??= []).push(rate);
      }
      for (const other of others) {
        const done = ratios.get(other.session.name).length;
        // a peer that is many times slower needs no nine turns to say so
        const least = other.estimate > 500 ? 1 : 3;
        if (done >= least && (done + 1) * other.estimate > options.slowMs) continue;
        const mate = mateOf(other);
        const pair = {};
        // A B, then B A: what comes first has no advantage
        for (const side of r % 2 === 0 ? [mate, other] : [other, mate]) {
          if (side !== undefined) pair[side.session.name] = await turn(side);
        }
        if (mate === undefined) continue;
        const ratio = pair[mate.session.name] / pair[other.session.name];
        if (ratio > 0) ratios.get(other.session.name).push(ratio);
      }
      // ours with as many threads as no peer of this workload has
      for (const one of ours) if (!mates.has(one)) await turn(one);
    }
  };
  await rounds(options.rounds);
  const unsettled = () =>
    others.some(({ session }) => ratios.get(session.name).length >= 9 && spread(samples.get(session.name)) > 0.05);
  if (options.repeat && unsettled()) await rounds(options.rounds);
  for (const { session } of timed) {
    const mine = samples.get(session.name);
    if (mine.length === 0) continue;
    const pairs = ratios.get(session.name) ?? [];
    Object.assign(results[session.name], { ms: median(mine) / (workload.calls ?? 1), spread: spread(mine) });
    if (pairs.length > 0)
      Object.assign(results[session.name], { ratio: median(pairs), ratioSpread: spread(pairs), pairs: pairs.length });
  }
  return Object.fromEntries(Object.entries(rates).map(([name, list]) => [name, median(list)]));
}
