/** Executables on a heap: callbacks, failures, donation; whatever goes wrong, the next call works and nothing is leaked. */
import { describe, expect, it } from "vitest";
import { isTileworkError } from "../../src/diagnostics/error.js";
import { aval } from "../../src/ir/aval.js";
import { buildProgram } from "../../src/ir/builder.js";
import type { DType } from "../../src/ir/dtype.js";
import type { Program } from "../../src/ir/program.js";
import { explainTrap } from "../../src/jit/compile.js";
import { makeExecutable, Workspace } from "../../src/jit/execute.js";
import { type ArrayCell, Heap } from "../../src/runtime/heap.js";

const MB = 2 ** 20;

function upload(heap: Heap, values: readonly number[], dtype: DType = "f32"): ArrayCell {
  const cell = heap.allocate(aval([values.length], dtype));
  new Float32Array(heap.buffer, cell.address, values.length).set(values);
  return cell;
}
const numbers = (c: ArrayCell): number[] => Array.from(c.read() as Float32Array);
const code = (f: () => unknown): string => {
  try {
    f();
  } catch (e) {
    return isTileworkError(e) ? e.code : String(e);
  }
  return "no error";
};
/** x + 1, which `callback` sees twice x of first. */
function watched(callback: (...args: readonly unknown[]) => void, ordered = true): Program<"core"> {
  return buildProgram("watched", [aval([3], "f32")], (b, x) => {
    b.emit("debug_callback", [b.add(x, x), x], { callback, ordered });
    return [b.add(x, b.fullLike(x, 1))];
  });
}
interface Seen {
  readonly aval: { readonly shape: readonly number[]; readonly dtype: string };
  readonly bytes: Uint8Array;
}
const floats = (v: unknown): number[] => Array.from(new Float32Array((v as Seen).bytes.slice().buffer));

describe("callbacks", () => {
  it("get copies of their operands, in order, also in a loop", () => {
    const heap = new Heap();
    const seen: number[][] = [];
    const body = watched((a, x) => seen.push(floats(a), floats(x)));
    const p = buildProgram("f", [aval([3], "f32")], (b, x) =>
      b.emit("scan", [x], { body, length: 3, reverse: false, numConsts: 0, numCarry: 1 }),
    );
    const [y] = makeExecutable(p, new Workspace(heap)).run([upload(heap, [1, 2, 3])]);
    expect(numbers(y)).toEqual([4, 5, 6]);
    expect(seen).toEqual([
      [2, 4, 6],
      [1, 2, 3],
      [4, 6, 8],
      [2, 3, 4],
      [6, 8, 10],
      [3, 4, 5],
    ]);
  });
  it("that throw end the call with their own error; the next call works, nothing is leaked", () => {
    const heap = new Heap();
    const workspace = new Workspace(heap);
    const boom = new Error("boom");
    let throwing = true;
    const f = makeExecutable(
      watched(() => {
        if (throwing) throw boom;
      }),
      workspace,
    );
    const x = upload(heap, [1, 2, 3]);
    const arrays = heap.live().length;
    for (let i = 0; i < 50; i++) expect(() => f.run([x])).toThrow(boom);
    expect(heap.live().length).toBe(arrays);
    expect(x.place.pins).toBe(0);
    throwing = false;
    expect(numbers(f.run([x])[0])).toEqual([2, 3, 4]);
  });
  it("may call compiled programs, the same one too, while the memory grows", () => {
    const heap = new Heap();
    const workspace = new Workspace(heap);
    const results: number[][] = [];
    let depth = 0;
    const f = makeExecutable(
      watched((_twice, x) => {
        if (++depth > 3) return;
        // a new buffer under the feet of the caller
        heap.allocate(aval([MB], "f32"));
        results.push(numbers(f.run([upload(heap, floats(x))])[0]));
      }),
      workspace,
    );
    expect(numbers(f.run([upload(heap, [1, 2, 3])])[0])).toEqual([2, 3, 4]);
    expect(results).toEqual([
      [2, 3, 4],
      [2, 3, 4],
      [2, 3, 4],
    ]);
  });
});

describe("failures", () => {
  const big = (mb: number): Program<"core"> =>
    buildProgram("big", [aval([], "f32")], (b, x) => [b.broadcast(x, [(mb * MB) / 4], [])]);
  const scalar = (heap: Heap): ArrayCell => heap.allocate(aval([], "f32"));

  it("no memory for a result: a named error, and all goes on", () => {
    const heap = new Heap({ hardLimit: 16 * MB });
    const workspace = new Workspace(heap);
    const x = scalar(heap);
    const arrays = heap.live().length;
    const [tooBig, fits] = [makeExecutable(big(32), workspace), makeExecutable(big(4), workspace)];
    for (let i = 0; i < 5; i++) {
      expect(code(() => tooBig.run([x]))).toBe("TW4001");
      expect(heap.live().length).toBe(arrays);
      expect(x.place.pins).toBe(0);
      const [y] = fits.run([x]);
      expect(y.place.pins).toBe(0);
      y.dispose();
    }
  });
  it("no memory for working space: the results that were there already are given back", () => {
    const heap = new Heap({ hardLimit: 16 * MB });
    const n = (6 * MB) / 4;
    // a sorted copy and its reverse need room besides the result
    const p = buildProgram("sorting", [aval([n], "f32")], (b, x) => {
      const [y] = b.emit("sort", [x], { axis: 0, numKeys: 1, stable: true });
      const [z] = b.emit("sort", [b.op("sin", y)], { axis: 0, numKeys: 1, stable: true });
      return [b.add(z, y)];
    });
    const f = makeExecutable(p, new Workspace(heap));
    const x = heap.allocate(aval([n], "f32"));
    const arrays = heap.live().length;
    expect(code(() => f.run([x]))).toBe("TW4001");
    expect(heap.live().length).toBe(arrays);
    expect(x.place.pins).toBe(0);
    expect(x.read().length).toBe(n);
  });
  it("a trap is a named error with the engine's as its cause, other errors pass", () => {
    // (module (func (export "f") unreachable))
    const trap = new Uint8Array([
      0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 5, 1, 3, 0, 0, 11,
    ]);
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(trap));
    try {
      (exports["f"] as () => void)();
      expect.fail("no trap");
    } catch (e) {
      expect(code(() => explainTrap(e, "f"))).toBe("TW4007");
    }
    expect(() => explainTrap(new RangeError("mine"), "f")).toThrow(RangeError);
  });
});

describe("donation", () => {
  const increment = buildProgram("increment", [aval([64], "f32"), aval([64], "f32")], (b, x, y) => [b.add(x, y)]);
  it("puts the result where the operand was, which is gone then", () => {
    const heap = new Heap();
    const f = makeExecutable(increment, new Workspace(heap), [0]);
    const [x, y] = [upload(heap, new Array(64).fill(1)), upload(heap, new Array(64).fill(2))];
    const at = x.address;
    const [z] = f.run([x, y]);
    expect(z.address).toBe(at);
    expect(numbers(z)).toEqual(new Array(64).fill(3));
    expect(code(() => x.cell("reading"))).toBe("TW1008");
    expect(numbers(y)).toEqual(new Array(64).fill(2));
    expect(x.place.pins).toBe(0);
  });
  it("of one array twice is refused before anything happens", () => {
    const heap = new Heap();
    const f = makeExecutable(increment, new Workspace(heap), [0]);
    const x = upload(heap, new Array(64).fill(1));
    expect(code(() => f.run([x, x]))).toBe("TW1008");
    expect(numbers(x)).toEqual(new Array(64).fill(1));
    expect(x.place.pins).toBe(0);
  });
  it("a call that failed half way has taken what was donated", () => {
    const heap = new Heap();
    const p = buildProgram("half way", [aval([64], "f32")], (b, x) => {
      const y = b.add(x, x);
      b.emit("debug_callback", [y], {
        callback: () => {
          throw new Error("half way");
        },
        ordered: true,
      });
      return [b.op("sin", y)];
    });
    const x = upload(heap, new Array(64).fill(1));
    const f = makeExecutable(p, new Workspace(heap), [0]);
    expect(() => f.run([x])).toThrow("half way");
    expect(code(() => x.cell("reading"))).toBe("TW1008");
    expect(heap.live()).toEqual([]);
  });
});

describe("calls", () => {
  it("10,000 calls leave no memory behind", () => {
    const heap = new Heap();
    const f = makeExecutable(
      buildProgram("f", [aval([16], "f32")], (b, x) => [b.op("sin", x), b.reduceSum(x, [0])]),
      new Workspace(heap),
    );
    const x = upload(heap, new Array(16).fill(1));
    const bytes = (): number => heap.stats().memoryBytes;
    for (const y of f.run([x])) y.dispose();
    const before = bytes();
    for (let i = 0; i < 10_000; i++) for (const y of f.run([x])) y.dispose();
    expect(bytes()).toBe(before);
    expect(heap.live()).toEqual([x.place]);
  });
});
