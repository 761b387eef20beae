/** Modules of whole plans: launches, copies, loops with moving views, branches, callbacks, large plans, high addresses. */
import { describe, expect, it } from "vitest";
import type { PlanStep } from "../../../src/ir/plan.js";
import { TileBuilder } from "../../../src/ir/tile-builder.js";
import { lowerToLoop } from "../../../src/lowering/loop/lower.js";
import type { CallbackArgument } from "../../../src/lowering/wasm/callback.js";
import { emitModule } from "../../../src/lowering/wasm/module.js";
import { Heap } from "../../../src/runtime/heap.js";
import { target } from "../../kernels/compiled.js";
import { binaryKernel, machine, plan, slot, view } from "./plans.js";

const n = 5;
const bytes = n * 4;

describe("launches and copies", () => {
  it("chains kernels through the arena", () => {
    const [a, b, out, t] = [
      slot("input", 0, bytes),
      slot("input", 1, bytes),
      slot("output", 0, bytes),
      slot("arena", 64, bytes),
    ];
    const p = plan(
      [a, b],
      [out],
      [
        { kind: "launch", kernel: binaryKernel("mul", n), args: [view(a), view(b), view(t)] },
        { kind: "launch", kernel: binaryKernel("add", n), args: [view(t), view(a), view(out)] },
      ],
      64 + bytes,
    );
    expect(
      machine(p).run([
        [1, 2, 3, 4, 5],
        [10, 20, 30, 40, 50],
      ]),
    ).toEqual([[11, 42, 93, 164, 255]]);
  });
  it.each([0, 1, 2, 4, 8, 12, 16, 40, 400])("copies %i bytes and no more", (size) => {
    const [a, out] = [slot("input", 0, 404), slot("output", 0, 404)];
    const m = machine(plan([a], [out], [{ kind: "copy", from: view(a, 4), to: view(out), bytes: size }], 0));
    const source = Array.from({ length: 101 }, (_, i) => i + 1.5);
    const from = new Uint8Array(new Float32Array(source).buffer).slice(4);
    const [copied] = m.run([source]);
    const got = new Uint8Array(new Float32Array(copied).buffer);
    expect([...got.slice(0, size)]).toEqual([...from.slice(0, size)]);
    expect([...got.slice(size)].every((x) => x === 0)).toBe(true);
  });
  it("runs all stages of a kernel in order, over several grid axes", () => {
    const t = new TileBuilder("stages");
    const out = t.ref("out", "f32", "out", 12);
    const scratch = t.ref("scratch", "f32", "scratch", 12);
    t.stage([3, 4], (i, j) => {
      const at = t.add(t.mul(i, t.i32(4)), j);
      t.store(scratch, at, t.convert(t.add(t.mul(i, t.i32(10)), j), "f32"));
    });
    t.stage([12], (i) => {
      t.store(out, i, t.load(scratch, t.sub(t.i32(11), i)));
    });
    const [o, s] = [slot("output", 0, 48), slot("arena", 0, 48)];
    const p = plan([], [o], [{ kind: "launch", kernel: t.finish(), args: [view(o), view(s)] }], 48);
    expect(machine(p).run([])).toEqual([[23, 22, 21, 20, 13, 12, 11, 10, 3, 2, 1, 0]]);
  });
  it("shares kernels that do the same", () => {
    const [a, out] = [slot("input", 0, bytes), slot("output", 0, bytes)];
    let lowered = 0;
    const launch = (kernel = binaryKernel("add", n)): PlanStep => ({
      kind: "launch",
      kernel,
      args: [view(a), view(a), view(out)],
    });
    const lower = (k: Parameters<typeof lowerToLoop>[0]): ReturnType<typeof lowerToLoop> => {
      lowered++;
      return lowerToLoop(k, target);
    };
    emitModule(
      plan(
        [a],
        [out],
        [launch(), launch(), launch(), launch(binaryKernel("mul", n)), launch(binaryKernel("add", 4))],
        0,
      ),
      lower,
      target,
    );
    expect(lowered).toBe(3);
  });
  it("of many kernels, begins with those that have most to do", () => {
    const launch = (size: number): PlanStep => {
      const kernel = binaryKernel("add", size);
      const [a, out] = [slot("input", 0, 4 * size), slot("output", 0, 4 * size)];
      return { kind: "launch", kernel, args: [view(a), view(a), view(out)] };
    };
    const sizes = Array.from({ length: 40 }, (_, i) => 8 + ((i * 7) % 40) * 8);
    const lowered: number[] = [];
    const lower = (k: Parameters<typeof lowerToLoop>[0]): ReturnType<typeof lowerToLoop> => {
      lowered.push(Number(k.refs[0].size));
      return lowerToLoop(k, target);
    };
    emitModule(plan([], [], sizes.map(launch), 0), lower, target);
    expect(lowered).toEqual([...sizes].sort((a, b) => b - a));
  });
});

describe("loops", () => {
  const [x, out] = [slot("input", 0, 4 * bytes), slot("output", 0, 4 * bytes)];
  const carry = slot("arena", 0, bytes);
  const loop = (reverse: boolean): PlanStep => ({
    kind: "loop",
    loop: 7,
    length: 4,
    reverse,
    body: [
      {
        kind: "launch",
        kernel: binaryKernel("add", n),
        args: [view(carry), view(x, 0, [{ loop: 7, stride: bytes }]), view(carry)],
      },
      { kind: "copy", from: view(carry), to: view(out, 0, [{ loop: 7, stride: bytes }]), bytes },
    ],
  });
  const zero: PlanStep = { kind: "launch", kernel: binaryKernel("sub", n), args: [view(x), view(x), view(carry)] };
  const input = Array.from({ length: 20 }, (_, i) => i + 1);
  it.each([false, true])("follows the counter, reverse %s", (reverse) => {
    const got = machine(plan([x], [out], [zero, loop(reverse)], bytes)).run([input])[0];
    const expected = new Array(20).fill(0);
    const sum = new Array(n).fill(0);
    for (const row of reverse ? [3, 2, 1, 0] : [0, 1, 2, 3]) {
      for (let i = 0; i < n; i++) expected[row * n + i] = sum[i] += input[row * n + i];
    }
    expect(got).toEqual(expected);
  });
  it("nests, and moves large bodies into functions of their own", () => {
    // out[i][j] += x[i][j], 50 times over in a body of 50 launches
    const body = Array.from(
      { length: 50 },
      (): PlanStep => ({
        kind: "launch",
        kernel: binaryKernel("add", 1),
        args: [
          view(out, 0, [{ loop: 2, stride: 4 }]),
          view(x, 0, [{ loop: 2, stride: 4 }]),
          view(out, 0, [{ loop: 2, stride: 4 }]),
        ],
      }),
    );
    const steps: PlanStep[] = [
      {
        kind: "loop",
        loop: 1,
        length: 3,
        reverse: false,
        body: [{ kind: "loop", loop: 2, length: 20, reverse: true, body }],
      },
    ];
    expect(machine(plan([x], [out], steps, 0)).run([input])[0]).toEqual(input.map((v) => v * 150));
  });
  it("two counters in one view's neighbours: a 4 × 5 transposition of copies", () => {
    const steps: PlanStep[] = [
      {
        kind: "loop",
        loop: 1,
        length: 4,
        reverse: false,
        body: [
          {
            kind: "copy",
            from: view(x, 0, [{ loop: 1, stride: bytes }]),
            to: view(carry),
            bytes,
          },
          {
            kind: "loop",
            loop: 2,
            length: 5,
            reverse: false,
            body: [
              {
                kind: "copy",
                from: view(carry, 0, [{ loop: 2, stride: 4 }]),
                to: view(out, 0, [{ loop: 1, stride: 4 }]),
                bytes: 4,
              },
            ],
          },
        ],
      },
    ];
    const got = machine(plan([x], [out], steps, bytes)).run([input])[0];
    expect(got.slice(0, 4)).toEqual([5, 10, 15, 20]);
  });
  it("a while loop runs until its test says no", () => {
    const t = new TileBuilder("below");
    const [v, flag] = [t.ref("v", "f32", "in", 1), t.ref("flag", "bool", "out", 1)];
    t.stage([1], () => t.store(flag, t.i32(0), t.op("lt", [t.load(v, t.i32(0)), t.const(100, "f32")])));
    const [a, o, f] = [slot("input", 0, 4), slot("output", 0, 4), slot("arena", 0, 1)];
    const steps: PlanStep[] = [
      { kind: "copy", from: view(a), to: view(o), bytes: 4 },
      {
        kind: "while",
        cond: [{ kind: "launch", kernel: t.finish(), args: [view(o), view(f)] }],
        test: view(f),
        body: [{ kind: "launch", kernel: binaryKernel("add", 1), args: [view(o), view(o), view(o)] }],
      },
    ];
    const m = machine(plan([a], [o], steps, 1));
    expect(m.run([[3]])).toEqual([[192]]);
    expect(m.run([[150]])).toEqual([[150]]);
  });
});

describe("switch", () => {
  const [index, out] = [slot("input", 0, 4), slot("output", 0, 4)];
  const constant = (value: number): PlanStep => {
    const t = new TileBuilder("constant");
    const o = t.ref("o", "f32", "out", 1);
    t.stage([1], () => t.store(o, t.i32(0), t.const(value, "f32")));
    return { kind: "launch", kernel: t.finish(), args: [view(out)] };
  };
  it.each([1, 2, 3, 6])("clamps its index to %i cases", (count) => {
    const cases = Array.from({ length: count }, (_, i) => [constant(i)]);
    const m = machine(plan([index], [out], [{ kind: "switch", index: view(index), bool: false, cases }], 0));
    const asFloat = (i: number): number => new Float32Array(new Int32Array([i]).buffer)[0];
    // small integers are subnormal floats and survive; -1 is a NaN, so negative numbers go in through memory of the kernel
    for (const i of [0, 1, 2, 3, 5, 6, 9, 2 ** 30]) {
      expect(m.run([[asFloat(i)]])[0][0], `index ${i}`).toBe(Math.min(i, count - 1));
    }
    expect(m.run([[-1e30]])[0][0], "negative").toBe(0);
  });
  it("takes a bool", () => {
    const m = machine(
      plan(
        [index],
        [out],
        [{ kind: "switch", index: view(index), bool: true, cases: [[constant(10)], [constant(20)]] }],
        0,
      ),
    );
    expect(m.run([[0]])).toEqual([[10]]);
    expect(m.run([[new Float32Array(new Uint32Array([1]).buffer)[0]]])).toEqual([[20]]);
  });
});

describe("callbacks", () => {
  it("get copies of their arguments, as often as the program gets there", () => {
    const seen: string[] = [];
    const [a, b] = [slot("input", 0, 8), slot("input", 1, 12)];
    const value = (x: unknown): number[] => {
      const { bytes: data } = x as CallbackArgument;
      return Array.from(new Float32Array(data.slice().buffer));
    };
    const p = plan(
      [a, b],
      [],
      [
        { kind: "callback", callback: 0, args: [], avals: [] },
        {
          kind: "loop",
          loop: 3,
          length: 3,
          reverse: true,
          body: [
            {
              kind: "callback",
              callback: 1,
              args: [view(b, 0, [{ loop: 3, stride: 4 }]), view(a)],
              avals: [
                { shape: [], dtype: "f32" },
                { shape: [2], dtype: "f32" },
              ],
            },
          ],
        },
      ],
      0,
      [(...args) => seen.push(`none ${args.length}`), (...args) => seen.push(JSON.stringify(args.map(value)))],
    );
    machine(p).run([
      [1, 2],
      [3, 4, 5],
    ]);
    expect(seen).toEqual(["none 0", "[[5],[1,2]]", "[[4],[1,2]]", "[[3],[1,2]]"]);
  });
});

describe("size and place", () => {
  it("ten thousand launches make a compact module of small functions", () => {
    const [a, out] = [slot("input", 0, bytes), slot("output", 0, bytes)];
    const kernel = binaryKernel("add", n);
    const steps = Array.from(
      { length: 10_000 },
      (): PlanStep => ({ kind: "launch", kernel, args: [view(a), view(out), view(out)] }),
    );
    const m = machine(plan([a], [out], steps, 0));
    expect(m.run([[1, 2, 3, 4, 5]])).toEqual([[10_000, 20_000, 30_000, 40_000, 50_000]]);
    expect(m.bytes.length).toBeLessThan(10_000 * 30);
  });
  it("works above 2 GiB", () => {
    const [a, b, out, t] = [
      slot("input", 0, bytes),
      slot("input", 1, bytes),
      slot("output", 0, bytes),
      slot("arena", 64, bytes),
    ];
    const p = plan(
      [a, b],
      [out],
      [
        { kind: "launch", kernel: binaryKernel("mul", n), args: [view(a), view(b), view(t)] },
        { kind: "copy", from: view(t, 4), to: view(out), bytes: 12 },
      ],
      64 + bytes,
    );
    expect(
      machine(p, 2 ** 31 + 2 ** 20).run([
        [1, 2, 3, 4, 5],
        [10, 20, 30, 40, 50],
      ]),
    ).toEqual([[40, 90, 160, 0, 0]]);
  });
  it("imports a shared memory where it is asked to", () => {
    const [a, out] = [slot("input", 0, bytes), slot("output", 0, bytes)];
    const p = plan([a], [out], [{ kind: "copy", from: view(a), to: view(out), bytes }], 0);
    const memoryLimits = { min: 1, max: 1024, shared: true };
    const module = new WebAssembly.Module(
      emitModule(p, (k) => lowerToLoop(k, target), target, { memory: memoryLimits }),
    );
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1024, shared: true });
    const run = new WebAssembly.Instance(module, { env: { memory } }).exports["run"] as (t: number, a: number) => void;
    new Float32Array(memory.buffer, 256, n).set([1, 2, 3, 4, 5]);
    new Uint32Array(memory.buffer, 64, 2).set([256, 512]);
    run(64, 1024);
    expect([...new Float32Array(memory.buffer, 512, n)]).toEqual([1, 2, 3, 4, 5]);
  });
  it("a chain of 20,000 operations", () => {
    const length = 20_000;
    const t = new TileBuilder("chain");
    const [x, y] = [t.ref("x", "f32", "in", 4), t.ref("y", "f32", "out", 4)];
    t.stage([1], () => {
      let v = t.load(x, t.i32(0), [4], [1]);
      for (let i = 0; i < length; i++) v = t.op("add", [v, t.const(1, "f32")]);
      t.store(y, t.i32(0), v, [1]);
    });
    const [a, out] = [slot("input", 0, 16), slot("output", 0, 16)];
    const p = plan([a], [out], [{ kind: "launch", kernel: t.finish(), args: [view(a), view(out)] }], 0);
    expect(machine(p).run([[1, 2, 3, 4]])).toEqual([[1, 2, 3, 4].map((v) => v + length)]);
  });
  it("instantiates on the heap's memory", () => {
    const [a, out] = [slot("input", 0, bytes), slot("output", 0, bytes)];
    const p = plan([a], [out], [{ kind: "copy", from: view(a), to: view(out), bytes }], 0);
    const { memory } = new Heap();
    const module = new WebAssembly.Module(emitModule(p, (k) => lowerToLoop(k, target), target));
    expect(new WebAssembly.Instance(module, { env: { memory } }).exports["run"]).toBeTypeOf("function");
  });
});
