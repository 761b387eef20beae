// The second thread (and so on) of the roofs: waits for a command in shared memory and does its share.
import { parentPort, workerData } from "node:worker_threads";
import { roofFunctions } from "./roof-module.mjs";

const { memory, pages, control, index } = workerData;
const command = new Int32Array(control);
const { copy, fma } = roofFunctions(memory, pages);
const at = 8 * index;
parentPort.postMessage("ready");
let last = 0;
for (;;) {
  Atomics.wait(command, 0, last);
  last = Atomics.load(command, 0);
  const [kind, a, b, c] = command.subarray(at, at + 4);
  if (kind === 0) copy(a, b, c);
  else fma[kind - 1].run(a, b);
  Atomics.add(command, 1, 1);
}
