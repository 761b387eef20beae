/** Branches, early exits and loops of kernels over arrays that they change: as shaders, with every barrier in uniform control flow. */
import { describe, expect, it } from "vitest";
import { kernel, makeProgram, numpy as np, type Tensor, range } from "tilework";
import { arange, atomicAdd, load, programId, type Ref, scratch, store, sum, zeros } from "tilework/kernels";
import { complaints, hasTint } from "./tint.js";
import { wgslOf } from "./lower.js";

const spec = { out: (a: Tensor) => a, grid: (a: Tensor) => a.shape[0] };
const forms: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  "early exit": kernel(
    function ret(x: Ref<"f32", ["n"]>, out: Ref<"f32", ["n"]>) {
      const i = programId(0);
      const v = load(x, [i]);
      if (v > 0) return;
      store(out, [i], v);
    },
    { ...spec, init: 0 },
  ),
  "early exits after stores": kernel(function retStore(x: Ref<"f32", ["n"]>, out: Ref<"f32", ["n"]>) {
    const i = programId(0);
    const v = load(x, [i]);
    if (v > 0) {
      store(out, [i], 1);
      return;
    }
    if (v > -1) {
      store(out, [i], 2);
      return;
    }
    store(out, [i], v);
  }, spec),
  "break and continue": kernel(function brk(x: Ref<"f32", ["n"]>, out: Ref<"f32", ["n"]>) {
    const i = programId(0);
    let total = zeros([], "f32");
    for (const k of range(x.shape[0])) {
      const v = load(x, [k]);
      if (v > 3) break;
      if (v < 0) continue;
      total += v;
      store(out, [i], total);
    }
  }, spec),
  "loops in branches of loops": kernel(
    function nested(x: Ref<"f32", ["n"]>, out: Ref<"f32", ["n"]>) {
      const i = programId(0);
      let k = i;
      while (k < x.shape[0]) {
        const v = load(x, [k]);
        if (v > 3) {
          let j = 0;
          while (j < k) {
            if (v > j) atomicAdd(out, [j], v);
            else store(out, [i], v);
            j += 2;
          }
        } else if (v > 1) atomicAdd(out, [i], 1);
        k += 1;
      }
    },
    { ...spec, init: 0 },
  ),
  "loops in branches": kernel(
    function condAtomic(x: Ref<"f32", ["n"]>, out: Ref<"f32", ["n"]>) {
      const i = programId(0);
      const v = load(x, [i]);
      if (v > 3) {
        for (const k of range(3)) {
          if (v > 4) atomicAdd(out, [i], k + v);
        }
      } else {
        let j = 0;
        while (j < i) {
          store(out, [i], j);
          j += 1;
        }
      }
    },
    { ...spec, init: 0 },
  ),
  "a loop over memory of its own": kernel(function whileScratch(x: Ref<"f32", ["n"]>, out: Ref<"f32", ["n"]>) {
    const i = programId(0);
    const own = scratch([8], "f32");
    const at = arange(8);
    store(own, [at], 0);
    let k = 0;
    while (sum(load(own, [at])) < load(x, [i])) {
      if (k > 100) break;
      store(own, [k % 8], load(own, [k % 8]) + 1);
      k += 1;
    }
    store(out, [i], sum(load(own, [at])));
  }, spec),
  "a loop over a block": kernel(
    function blockWhile(x: Ref<"f32", ["n"]>, out: Ref<"f32", ["n"]>) {
      const at = arange(8);
      let v = load(x, [at]);
      while (sum(v) > 1) {
        v = v / 2;
      }
      store(out, [at], v);
    },
    { ...spec, grid: 1 },
  ),
  "branches in branches": kernel(
    function noop(x: Ref<"f32", ["n"]>, out: Ref<"f32", ["n"]>) {
      const i = programId(0);
      const at = arange(8);
      if (load(x, [i]) > 0) {
        if (load(x, [0]) > 0) {
          if (load(x, [1]) > 2) store(out, [at], load(x, [at]));
        }
      }
    },
    { ...spec, init: 0 },
  ),
};
describe.runIf(hasTint)("control flow of kernels as shaders", () => {
  for (const [name, k] of Object.entries(forms))
    it(name, async () => {
      const shaders = wgslOf(makeProgram(((x: Tensor) => k(x)) as never)(np.ones([8]))).flatMap((s) => s.shaders);
      const errors = (await Promise.all(shaders.map(complaints))).flat();
      expect(errors).toEqual([]);
    });
});
