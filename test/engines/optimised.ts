/**
 * Before each file of `npm run test:engines`: every module is made by V8's optimising compiler, and pairs of vectors are joined. Small
 * programs, as tests have them, would run the code of the baseline compiler, which has neither.
 */
import v8 from "node:v8";
import { engineTarget } from "../../src/jit/engine.js";

const PATCHED = Symbol.for("tilework.test.optimised");
const version = Number.parseFloat(process.versions.v8);
// as jit/v8.ts does it: from V8 14 on Liftoff stays on, and a mask takes the first 32 functions from it
const [on, off] =
  version >= 14 ? ["--wasm-tier-mask-for-testing=-1", "--wasm-tier-mask-for-testing=0"] : ["--no-liftoff", "--liftoff"];

const { wide } = engineTarget();
if (process.env["TILEWORK_TEST_WIDE"] === "1" && !wide)
  throw new Error(`Node ${process.versions.node} does not widen pairs of vectors here, though this processor has AVX2`);

const engine = WebAssembly as typeof WebAssembly & { [PATCHED]?: true };
if (!engine[PATCHED]) {
  engine[PATCHED] = true;
  // a proxy, so that modules stay what workers can be sent
  WebAssembly.Module = new Proxy(WebAssembly.Module, {
    construct(module, args: [Uint8Array<ArrayBuffer>]) {
      v8.setFlagsFromString(on);
      v8.setFlagsFromString("--no-wasm-lazy-compilation");
      try {
        return new module(...args);
      } finally {
        v8.setFlagsFromString(off);
        v8.setFlagsFromString("--wasm-lazy-compilation");
      }
    },
  });
}
