// One peer with one thread count, in a process of its own: reads commands as JSON lines, answers on file descriptor 3.
import { writeFileSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { makeInputs } from "./data.mjs";
import { settle } from "./placement.mjs";

// what libraries print must not get in the way
console.log = console.info = console.debug = () => {};
const [peerName, threads] = [process.argv[2], Number(process.argv[3])];
const reply = (message) => writeSync(3, `${JSON.stringify(message)}\n`);
const settled = async (value) => (value?.then ? await value : value);

let peer;
let current;

/** A run that takes longer is not disturbed by what comes before it. */
const LONG_MS = 400;

/** Milliseconds of one run, over `count` of them. */
async function sample(count) {
  const start = performance.now();
  for (let i = 0; i < count; i++) {
    const result = current.run();
    if (result?.then) await result;
  }
  return (performance.now() - start) / count;
}

const commands = {
  async open() {
    const { open } = await import(`../peers/${peerName}.mjs`);
    peer = await open(threads);
    return {
      version: peer.version,
      engine: `Node ${process.versions.node} (V8 ${process.versions.v8})`,
      pid: process.pid,
    };
  },
  async make({ workload, warmUpMs }) {
    current = undefined;
    const make = peer.kinds[workload.kind];
    if (make === undefined) return { skip: peer.cannot?.[workload.kind] ?? "no such operation" };
    const inputs = makeInputs(workload);
    const start = performance.now();
    const made = await settled(make(workload, inputs));
    if (typeof made === "string") return { skip: made };
    current = made;
    await settled(current.run());
    const first = performance.now() - start;
    // until tiers have settled; the last runs tell how long one takes
    if (first > 1500) return { first, estimate: first };
    await current.run();
    let estimate = await sample(1);
    // what takes microseconds is mostly calls, whose tiers settle late
    const until = performance.now() + warmUpMs * (estimate < 0.2 ? 20 : 1);
    while (performance.now() < until) estimate = await sample(estimate > 1 ? 1 : 20);
    return { first, estimate };
  },
  async outputs({ file }) {
    const arrays = (await settled(current.outputs())).map((a) =>
      a instanceof Float32Array ? a : Float32Array.from(a),
    );
    writeFileSync(file, Buffer.concat(arrays.map((a) => Buffer.from(a.buffer, a.byteOffset, a.byteLength))));
    return { lengths: arrays.map((a) => a.length) };
  },
  rates: async () => ({ rates: await peer.rates() }),
  async sample({ count, estimate }) {
    // this process was stopped before its turn: its threads wake and its caches fill in runs that do not count
    if (estimate < LONG_MS) await settle(() => current.run(), threads);
    return { ms: await sample(count) };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { command, ...args } = JSON.parse(line);
  try {
    reply(await commands[command](args));
  } catch (e) {
    reply({
      error: String(e?.message ?? e)
        .split("\n")
        .slice(0, 3)
        .join(" ")
        .slice(0, 300),
    });
  }
}
process.exit(0);
