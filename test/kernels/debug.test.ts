/** Kernels in the debugger: what they compute, what is found in them, and what they did with memory. */
import { interpret, isTileworkError, jit, kernel, numpy as np, random, range, type Tensor } from "tilework";
import * as language from "tilework/kernels";
import { afterEach, describe, expect, it, test, vi } from "vitest";
import type { KernelOptions } from "../../src/api/kernel.js";
import type { KernelReport } from "../../src/debugger/report.js";
import { KernelRef } from "../../src/dsl/kernel/ref.js";
import { bind } from "../../src/tracer/frame.js";
import { captured } from "../dsl/captured.js";
import { agree } from "./agree.js";
import { softmax } from "./language/debug-softmax.js";

// biome-ignore lint/suspicious/noExplicitAny: kernels of texts take anything
type Any = any;
type Slow = ((...args: unknown[]) => Tensor) & { readonly report: KernelReport };

/** Memory of one program, and atomic addition. */
const own = {
  scratchOf: (n: number) => new KernelRef("temporary", "scratch", bind("empty", [], { shape: [n], dtype: "f32" })[0]),
  addAtomically: (ref: KernelRef, i: Tensor, v: Tensor): Tensor => {
    const [next, old] = bind("atomic", [ref.contents, v, i], { op: "add", masked: false });
    ref.replace(next);
    return old;
  },
};
const scope = { ...language, ...own, range };

/** A kernel of a text; its file is model.ts. */
function kernelOf(text: string, options: KernelOptions): (...args: unknown[]) => unknown {
  return kernel(captured(text, scope), options as never) as never;
}
function slowly(text: string, options: KernelOptions, how: Any = {}): Slow {
  return interpret(kernelOf(text, options) as never, how) as never;
}
const same = (x: Tensor) => ({ shape: x.shape, dtype: x.dtype });

/** The error of a call, with the texts of its line and of the lines that it points to besides. */
function found(
  text: string,
  f: () => unknown,
): { code: string; message: string; at: string; others: readonly string[] } {
  try {
    f();
  } catch (e) {
    if (!isTileworkError(e)) throw e;
    const { code, message, span, labels = [] } = e.diagnostic;
    // the text stands after a line of imports
    const line = (n: number | undefined): string => text.split("\n")[(n ?? 0) - 2]?.trim() ?? "";
    return { code, message, at: line(span?.line), others: labels.map((l) => line(l.span.line)) };
  }
  throw new Error("nothing was found");
}

test("an interpreted kernel gives what the compiled one gives, in any order of its programs", () => {
  const x = random.normal(random.key(0), [5, 33]);
  agree(softmax as Any, [x, { BLOCK: 64 }], { orders: ["forward", "reverse", { shuffled: 7 }] });
  // and what differs is seen
  let calls = 0;
  const other = kernel(captured("(x, out) => { store(out, [0], value()); }", { ...scope, value: () => ++calls }), {
    out: same,
  });
  expect(() => agree(other as Any, [np.ones([1])])).toThrow("out 0, element 0: 1 compiled, 2 interpreted");
});

test("programs run in the order that is asked for, and only those that are", () => {
  const text = "(x, out) => { store(out, [programId(0), programId(1)], 1); }";
  const options = { out: same, grid: [2, 3] };
  const ran = (how: Any): string => {
    const ids: string[] = [];
    slowly(text, options, { ...how, onProgram: (p: { id: number[] }) => ids.push(p.id.join("")) })(np.ones([2, 3]));
    return ids.join(" ");
  };
  expect(ran({})).toBe("00 01 02 10 11 12");
  expect(ran({ order: "reverse" })).toBe("12 11 10 02 01 00");
  const shuffled = ran({ order: { shuffled: 3 } });
  expect(shuffled).not.toBe("00 01 02 10 11 12");
  expect(shuffled.split(" ").sort().join(" ")).toBe("00 01 02 10 11 12");
  expect(ran({ order: { shuffled: 3 } })).toBe(shuffled);
  expect(
    ran({
      programs: [
        [1, 2],
        [0, 1],
      ],
    }),
  ).toBe("12 01");
  expect(() => ran({ programs: [[2, 0]] })).toThrow(/^TW8010: .*no program \(2, 0\)/);
});

describe("control flow", () => {
  it("branches, leaves early and loops on values of the program", () => {
    const f = slowly(
      `(x, out) => {
        const row = programId(0);
        if (row === 1) { store(out, [row], -1); return; }
        let total = 0;
        for (const k of range(x.shape[1])) { if (k > 2) break; total = total + load(x, [row, k]); }
        let i = 0;
        while (total > 10) { total = total / 2; i += 1; }
        store(out, [row], total + i * 100);
      }`,
      { out: (x: Tensor) => ({ shape: [x.shape[0]] }), grid: (x: Tensor) => x.shape[0] },
    );
    const x = np.array([
      [1, 2, 3, 4],
      [5, 6, 7, 8],
      [9, 10, 11, 12],
    ]);
    expect(f(x).js()).toEqual([6, -1, 207.5]);
  });
  it("scalars, constants and several outs", () => {
    const f = slowly(
      `(x, a, up, down, N) => { const i = arange(N); store(up, [i], load(x, [i]) + a); store(down, [i], load(x, [i]) - a); }`,
      { out: (x: Tensor) => [x, x] },
    ) as unknown as (...args: unknown[]) => Tensor[];
    const [up, down] = f(np.array([1, 2]), 0.5, { N: 2 });
    expect([up.js(), down.js()]).toEqual([
      [1.5, 2.5],
      [0.5, 1.5],
    ]);
  });
});

describe("what is found", () => {
  it("a load outside, with the lane, the program and how many more there are", () => {
    const text = `(x, out, B) => {
      const i = programId(0) * B + arange(B);
      const v = load(x, [i]);
      store(out, [i], v, { mask: i < x.shape[0] });
    }`;
    const f = slowly(text, { out: same, grid: 2 });
    const { code, message, at } = found(text, () => f(np.ones([6]), { B: 4 }));
    expect(code).toBe("TW8101");
    expect(message).toBe("load: the index 6 is outside of x f32[6] in lane 2 of program 1; 1 more lane is outside");
    expect(at).toBe("const v = load(x, [i]);");
  });
  it("a store outside, below zero, on an axis", () => {
    const text = `(x, out) => {
      store(out, [arange(2), programId(0) - 1], 1);
    }`;
    const { code, message } = found(text, () => slowly(text, { out: same })(np.ones([2, 2])));
    expect(code).toBe("TW8101");
    expect(message).toContain("store: the index -1 on axis 1 is outside of out f32[2,2] in lane 0 of program 0");
  });
  it("nothing where the mask is false; and unchecked, lanes outside read zero and are not stored", () => {
    const text = "(x, out) => { const i = arange(4); store(out, [i], load(x, [i]) + 1); }";
    const masked = text.replace("[i])", "[i], { mask: i < 3, other: 5 })").replace("+ 1)", "+ 1, { mask: i < 3 })");
    expect(slowly(masked, { out: same })(np.ones([3])).js()).toEqual([2, 2, 2]);
    expect(slowly(text, { out: same }, { check: false })(np.ones([3])).js()).toEqual([2, 2, 2]);
  });
  it("a load outside in a function that is traced by itself", () => {
    const text = `(x, out) => {
      const total = foriLoop(0, 4, (i, t) => t.add(load(x, [i])), np.array(0));
      store(out, [0], total);
    }`;
    const f = slowly(text, { out: () => ({ shape: [1] }) });
    expect(f(np.array([1, 2, 3, 4])).js()).toEqual([10]);
    expect(f.report.refs[0].loads).toBe(4);
    const { code, message, at } = found(text, () => f(np.ones([3])));
    expect([code, at]).toEqual(["TW8101", "const total = foriLoop(0, 4, (i, t) => t.add(load(x, [i])), np.array(0));"]);
    expect(message).toContain("the index 3 is outside of x f32[3] of program 0");
  });
  it("reads of what was not written: outs", () => {
    const text = `(x, out) => {
      const i = arange(3);
      store(out, [arange(2)], 1);
      store(out, [i], load(out, [i]) * 2);
    }`;
    const { code, message, at } = found(text, () => slowly(text, { out: same })(np.ones([3])));
    expect(code).toBe("TW8102");
    expect(message).toBe("load: out[2] is read in lane 2 of program 0, and nothing has been written to it");
    expect(at).toBe("store(out, [i], load(out, [i]) * 2);");
  });
  it("reads of what was not written: scratch, which each program has for itself", () => {
    const text = `(x, out) => {
      const s = scratchOf(2);
      if (programId(0) === 0) store(s, [arange(2)], 1);
      store(out, [programId(0)], sum(load(s, [arange(2)])));
    }`;
    const { code, message } = found(text, () => slowly(text, { out: same, grid: 2 })(np.ones([2])));
    expect(code).toBe("TW8102");
    expect(message).toContain("of program 1, and this program has not written it");
  });
  it("races of two stores, naming both lines and both programs, in every order", () => {
    const text = `(x, out) => {
      const i = programId(0);
      store(out, [i], 1);
      if (i > 0) store(out, [i - 1], 2);
    }`;
    const options = { out: same, grid: 3 };
    const forward = found(text, () => slowly(text, options)(np.ones([3])));
    expect(forward.code).toBe("TW8103");
    expect(forward.message).toBe("a race: program 1 stores to out[0], and program 0 stores to it");
    expect(forward.at).toBe("if (i > 0) store(out, [i - 1], 2);");
    expect(forward.others).toEqual(["store(out, [i], 1);"]);
    const reverse = found(text, () => slowly(text, options, { order: "reverse" })(np.ones([3])));
    expect(reverse.message).toBe("a race: program 1 stores to out[1], and program 2 stores to it");
    expect([reverse.at, ...reverse.others]).toEqual(["store(out, [i], 1);", "if (i > 0) store(out, [i - 1], 2);"]);
  });
  it("races of a load and a store, whichever comes first", () => {
    const text = `(x, out) => {
      const i = programId(0);
      store(out, [i], 1);
      if (i === 1) store(out, [i], load(out, [i - 1]));
    }`;
    const { code, message } = found(text, () => slowly(text, { out: same, grid: 2 })(np.ones([2])));
    expect([code, message]).toEqual(["TW8103", "a race: program 1 loads out[0], and program 0 stores to it"]);
    const other = text
      .replace("i === 1", "i === 0")
      .replace("i - 1", "i")
      .replace("store(out, [i], load", "store(out, [i + 1], load");
    expect(found(other, () => slowly(other, { out: same, grid: 2 })(np.ones([2]))).message).toContain(
      "stores to out[1]",
    );
  });
  it("atomics may meet, but not plain accesses", () => {
    const text = `(x, out, MODE) => {
      const i = arange(2);
      if (MODE === 1 && programId(0) === 0) store(out, [i], 0);
      addAtomically(out, i, load(x, [i]));
    }`;
    const f = slowly(text, { out: same, grid: 3 });
    const { code, message } = found(text, () => f(np.ones([2]), { MODE: 1 }));
    expect(code).toBe("TW8103");
    expect(message).toBe("a race: program 1 updates out[0] atomically, and program 0 stores to it");
    expect(found(text, () => f(np.ones([2]), { MODE: 0 })).message).toContain(
      "reads out[0], which nothing has been written to",
    );
  });
  it("two lanes of one store", () => {
    const text = `(x, out) => {
      store(out, [arange(4) >> 1], 1);
    }`;
    const { code, message } = found(text, () => slowly(text, { out: same })(np.ones([4])));
    expect(code).toBe("TW8104");
    expect(message).toBe("store: two lanes of one store write out[0], the second in lane 1 of program 0");
  });
  it("elements of an out that no program wrote", () => {
    const f = slowly("(x, out) => { store(out, [programId(0)], 1); }", { out: same, grid: 2 });
    const y = f(np.ones([5])).js() as number[];
    expect(y).toEqual([1, 1, Number.NaN, Number.NaN, Number.NaN]);
    expect(f.report.warnings).toEqual([
      "no program wrote 3 of 5 elements, from out[2] to out[4]: what they hold is not defined",
    ]);
    expect(String(f.report)).toContain("warning: no program wrote 3 of 5 elements");
  });
});

test("an error shows both lines of a race", () => {
  const f = slowly("(x, out) => {\n  store(out, [0], 1);\n}", { out: same, grid: 2 });
  try {
    f(np.ones([1]));
  } catch (e) {
    expect(String(e)).toContain("store(out, [0], 1);");
    expect(String(e)).toMatch(/\^+ program 1 stores to out\[0\]/);
    expect(String(e)).toContain("program 0 stores to out[0]");
  }
  expect.assertions(3);
});

test("the report counts elements and bytes, of references and of programs", () => {
  const f = slowly(
    `(x, w, out) => {
      const i = arange(4);
      const r = programId(0);
      store(out, [r, i], load(x, [r, i], { mask: i < 3 }) * load(w, [i]), { mask: i < 3 });
    }`,
    { out: same, grid: (x: Tensor) => x.shape[0] },
  );
  f(np.ones([2, 3]), np.ones([4], { dtype: "f16" }));
  const { refs, programs, loadedBytes, storedBytes } = f.report;
  expect(refs.map((r) => [r.name, r.role, r.loads, r.stores, r.loadedBytes, r.storedBytes])).toEqual([
    ["x", "argument", 6, 0, 24, 0],
    ["w", "argument", 8, 0, 16, 0],
    ["out", "out", 0, 6, 0, 24],
  ]);
  expect(programs.map((p) => [p.id, p.loads, p.stores, p.loadedBytes, p.storedBytes])).toEqual([
    [[0], 7, 3, 20, 12],
    [[1], 7, 3, 20, 12],
  ]);
  expect([loadedBytes, storedBytes]).toEqual([40, 24]);
});

describe("blocks as a person looks at them", () => {
  afterEach(() => vi.restoreAllMocks());
  it("print as NumPy's arrays do, and scalars act as numbers where a debugger computes", () => {
    const seen: unknown[] = [];
    const look = (...xs: unknown[]): void => {
      seen.push(...xs.map(String), `${xs[1] as string}`, Number(xs[1]) + 1);
    };
    const text = "(x, out) => { const v = load(x, [arange(2), null]); look(v, sum(v)); store(out, [0], 1); }";
    const f = kernel(captured(text, { ...scope, look }), { out: () => ({ shape: [1] }) });
    interpret(f as Any, {})(np.array([[1, 2], [3, 4.5]])); // biome-ignore format: a matrix
    expect(seen).toEqual(["[[1.  2. ]\n [3.  4.5]]", "10.5", "10.5", 11.5]);
  });
});

test("where kernels cannot be interpreted, it is said", () => {
  expect(() => jit((x: Tensor) => interpret(softmax)(x, { BLOCK: 4 }))(np.ones([2, 3]))).toThrow(/^TW8105/);
  // the evaluator is put back after an error
  const f = slowly("(x, out) => { store(out, [5], 1); }", { out: same });
  expect(() => f(np.ones([2]))).toThrow(/^TW8101/);
  expect(np.ones([2]).add(1).js()).toEqual([2, 2]);
});
