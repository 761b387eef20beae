/**
 * What a worker runs: a script by itself, for Node and for browsers. It spins for a moment after each job, then sleeps on `wake`,
 * and returns to its event loop only to receive messages: a counter in its part of the control block says how many it was sent.
 *
 * It spins longer where the last pauses were short: a thread that slept is often put on the processor of the one that wakes it (in virtual
 * machines most of all, whose idle processors look taken to Linux), and the two then work in turn. But it never does while the caller may be
 * waiting for this very processor: when it got up too late for a job, when the caller does not get on with its part of one, and
 * when it does not notice the end of one (then it sleeps at once).
 */
import { CONTROL, MAX_TEXT } from "../../util/control-block.js";

/** Milliseconds that a worker waits for the next job before it sleeps; and after pauses that were shorter than this. */
const SPIN_MS = 0.08;
const LONG_SPIN_MS = 8;
/** Looks after which a caller that has not noticed the end of a job is taken to be off its processor: some microseconds. */
const NOTICE = 500;

const word = (offset: number): string => String(offset >> 2);

export const WORKER_SOURCE = `"use strict";
const node = typeof process === "object" && process.getBuiltinModule && process.getBuiltinModule("node:worker_threads");
const port = (node && node.parentPort) || self;
const modules = new Map();
let control = 0, thread = 0, words, mail = 0, memory, globals, received = 0, last, look = 5e-6, rest = 0, short = 0, helped = false;
const none = () => {};
function receive(message) {
  received++;
  if (message.memory) {
    ({ memory, control, thread } = message);
    words = new Int32Array(memory.buffer, control, message.words);
    mail = ${word(CONTROL.threads)} + ${word(CONTROL.threadBytes)} * thread + ${word(CONTROL.mail)};
    Atomics.store(words, mail + ${word(CONTROL.alive - CONTROL.mail)}, 1);
    port.postMessage("alive");
  }
  for (const id of message.drop) modules.delete(id);
  if (message.module) {
    const global = (value) => new WebAssembly.Global({ value: "i32", mutable: true }, value);
    const env = { memory, control: global(control), module: global(message.id), wait: none, callback: none, mark: none };
    try {
      modules.set(message.id, new WebAssembly.Instance(message.module, { env }).exports);
    } catch {
      // no memory for it: the others do its work
    }
  }
  serve();
}
// the number of a module that we have and of which there is a job, else 0; jobs change at any time, so it is read once
function job() {
  const id = Atomics.load(words, ${word(CONTROL.claim)}) === 0 ? 0 : words[${word(CONTROL.module)}];
  return modules.has(id) ? id : 0;
}
// whether all is done and the caller, awake, does not go on
function unnoticed() {
  for (let i = 0; i < ${NOTICE}; i++)
    if (Atomics.load(words, ${word(CONTROL.busy)}) === 0 || Atomics.load(words, ${word(CONTROL.finished)}) !== words[${word(CONTROL.programs)}]) return false;
  return Atomics.load(words, ${word(CONTROL.waiting)}) === 0;
}
// whether there was nothing to do for so long
function spin(ms) {
  const start = performance.now();
  const looks = Math.ceil(ms / look);
  const done = looks - last.spin(control, thread, received, looks);
  // the least time of a look: all others were disturbed
  if (done > 1000) look = Math.min(look, (performance.now() - start) / done);
  return done === looks;
}
function serve() {
  let rested = false;
  while (Atomics.load(words, mail) === received) {
    const id = job();
    if (id !== 0) {
      last = modules.get(id);
      try {
        last.work(control, id, thread);
      } catch (e) {
        return poison(e);
      }
      rested = unnoticed();
      rest = 0;
      helped = true;
    } else if (!rested && last !== undefined) {
      rest = performance.now();
      if (spin(${SPIN_MS}) && helped && short > 1 && Atomics.load(words, ${word(CONTROL.busy)}) === 0) spin(${LONG_SPIN_MS});
      rested = true;
    } else {
      const seen = Atomics.load(words, ${word(CONTROL.wake)});
      Atomics.add(words, ${word(CONTROL.parked)}, 1);
      if (job() === 0 && Atomics.load(words, mail) === received) Atomics.wait(words, ${word(CONTROL.wake)}, seen);
      Atomics.sub(words, ${word(CONTROL.parked)}, 1);
      if (rest !== 0) short = performance.now() - rest < ${LONG_SPIN_MS} ? short + 1 : 0;
      rested = helped = false;
    }
  }
}
function poison(error) {
  const text = String((error && error.message) || error).slice(0, ${MAX_TEXT});
  const bytes = new Uint8Array(words.buffer, control + ${CONTROL.text}, text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i) & 127;
  words[${word(CONTROL.textLength)}] = text.length;
  Atomics.store(words, ${word(CONTROL.poison)}, 1);
  Atomics.add(words, ${word(CONTROL.finished)}, Atomics.load(words, mail + ${word(CONTROL.taken - CONTROL.mail)}));
  Atomics.notify(words, ${word(CONTROL.finished)});
}
if (port.on) port.on("message", receive);
else port.onmessage = (e) => receive(e.data);
`;
