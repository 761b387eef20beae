/** The parts of the GPT example: text, model, chart, progress and options, each by itself. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type AsNums, jit, type Num, numpy as np, random } from "tilework";
import { describe, expect, it } from "vitest";
import { drawChart, ticks } from "../../examples/gpt/chart.js";
import {
  bigramEntropy,
  encode,
  splitCorpus,
  textFile,
  typescriptDeclarations,
  vocabularyOf,
} from "../../examples/gpt/corpus.js";
import * as model from "../../examples/gpt/model.js";
import { parseOptions, UserError } from "../../examples/gpt/options.js";
import { clock, Progress } from "../../examples/gpt/progress.js";
import { generate } from "../../examples/gpt/sample.js";
import { lossOf, makeEvaluation } from "../../examples/gpt/train.js";
import { temporaryFolder } from "../pack/workspace.js";

const { decode, initCache, initParams } = model;
// staged code runs in jit
const forward = jit(model.forward, { staticArgnums: 2 });
const loss = jit(lossOf, { staticArgnums: 2 });
const folder = temporaryFolder();

const config = { vocabulary: 7, layers: 2, heads: 2, features: 8, context: 6 };
const params = jit(() => initParams(random.key(1), config))();

describe("the text", () => {
  const blocks = Array.from({ length: 200 }, (_, i) => `interface I${i} {\n    f${i % 7}: string;\n}`);
  const corpus = splitCorpus(blocks.join("\n\n"), (block) => block.split(" ")[1]);

  it("is learnt or held out by whole blocks, none on both sides", () => {
    const train = corpus.train.split("\n\n").filter(Boolean);
    const heldOut = corpus.heldOut.split("\n\n").filter(Boolean);
    expect([...train, ...heldOut].sort()).toEqual([...blocks].sort());
    expect(heldOut.length).toBe(corpus.blocks.heldOut);
    expect(heldOut.length).toBeGreaterThan(4);
    expect(heldOut.length).toBeLessThan(30);
    for (const block of heldOut) expect(corpus.train).not.toContain(block);
  });

  it("keeps blocks of one name together, and drops what stands within the training text", () => {
    const twice = splitCorpus(blocks.flatMap((b, i) => [b, `${b}\n// ${i}`]).join("\n\n"), (b) => b.split(" ")[1]);
    const names = (text: string) => new Set(text.match(/I\d+/g));
    for (const name of names(twice.heldOut)) expect(names(twice.train)).not.toContain(name);
    // each block also inside of a larger one that nothing holds out
    const inside = `namespace All {\n${blocks.join("\n")}\n}`;
    expect(() => splitCorpus([inside, ...blocks].join("\n\n"), (b) => b.split(" ")[1])).toThrow("too short");
  });

  it("of TypeScript's lib files: no held-out declaration stands anywhere in what is learnt", () => {
    const { train, heldOut, blocks } = typescriptDeclarations();
    const declarations = heldOut.split("\n\n").filter(Boolean);
    expect(declarations.length).toBe(blocks.heldOut);
    expect(declarations.length).toBeGreaterThan(100);
    for (const declaration of declarations) expect(train.includes(declaration)).toBe(false);
    expect(train).toContain("interface Array<T> {\n");
    expect(train).not.toMatch(/\/\*|^ *\/\//m);
    expect(typescriptDeclarations()).toEqual({ train, heldOut, blocks, unit: "declarations" });
  });

  it("empty lines and indentation: a block ends where a line at the margin follows an empty one", () => {
    const text = "a {\n\n    b;\n\n    c;\n}\n\n\n\nd {\r\n}\n";
    const words: string[] = [];
    const nameOf = (block: string): string => {
      words.push(block);
      return block;
    };
    expect(() => splitCorpus(text, nameOf)).toThrow(UserError);
    expect(words).toEqual(["a {\n    b;\n    c;\n}", "d {\n}"]);
  });

  it("a file without empty lines is taken line by line, one without lines in pieces", () => {
    const path = join(folder, "text.txt");
    const read = (content: string | Uint8Array) => {
      writeFileSync(path, content);
      return textFile(path);
    };
    const lines = Array.from({ length: 100 }, (_, i) => `  ${i} and ${i * i}`);
    const byLine = read(lines.join("\r\n"));
    expect(byLine.unit).toBe("lines");
    expect((byLine.train + byLine.heldOut).trimEnd().split("\n").sort()).toEqual([...lines].sort());
    const long = Array.from({ length: 2000 }, (_, i) => `${i} and ${i * i} 🎉`).join(" ");
    const byPiece = read(long);
    expect(byPiece.unit).toBe("pieces");
    expect(byPiece.train.length + byPiece.heldOut.length).toBe(long.length);
    expect(vocabularyOf(byPiece)).toEqual([...new Set(long)].sort());
    expect(read(lines.map((line) => line.trim()).join("\n\n")).unit).toBe("blocks");
    expect(() => read("same\n\n".repeat(1000))).toThrow("repeats itself");
    expect(() => read("")).toThrow("too short");
    expect(() => read(Uint8Array.of(0xff, 0xfe, 65, 0))).toThrow(`${path} is no text in UTF-8.`);
  });

  it("characters are numbers by their place in the vocabulary", () => {
    const vocabulary = vocabularyOf({ train: "cab\n", heldOut: "d", blocks: { train: 1, heldOut: 1 }, unit: "x" });
    expect(vocabulary).toEqual(["\n", "a", "b", "c", "d"]);
    expect([...encode("bad", vocabulary)]).toEqual([2, 1, 4]);
    expect(() => encode("é", vocabulary)).toThrow(UserError);
  });

  it("bigram entropy, by hand", () => {
    // pairs of 0 1 0 1 1: 01 twice, 10 and 11 once each; with 0.1 added to each of four counts
    const train = Int32Array.of(0, 1, 0, 1, 1);
    const expected = -(Math.log(2.1 / 2.2) + Math.log(1.1 / 2.2) + Math.log(0.1 / 2.2)) / 3;
    expect(bigramEntropy(train, Int32Array.of(0, 1, 0, 0), 2)).toBeCloseTo(expected, 12);
  });
});

describe("the model", () => {
  const tokens = np.array([[1, 5, 2, 0, 6, 3]], "i32");

  it("sees nothing of what comes later", () => {
    const changed = np.array([[1, 5, 2, 4, 4, 4]], "i32");
    const [a, b] = [tokens, changed].map((t) => forward(params, t, config.heads).js() as number[][][]);
    expect(a[0].slice(0, 3)).toEqual(b[0].slice(0, 3));
    expect(a[0][3]).not.toEqual(b[0][3]);
  });

  it("decoding with the cache gives the logits of the whole window", () => {
    const whole = forward(params, tokens, config.heads).js() as number[][][];
    let cache = initCache(config);
    const step = jit((p: model.Weights, c: AsNums<typeof cache>, token: Num<[], "i32">, position: Num<[], "i32">) =>
      decode(config, p, c, token, position),
    );
    for (let i = 0; i < config.context; i++) {
      const [logits, next] = step(
        params,
        cache,
        np.array((tokens.js() as number[][])[0][i], "i32"),
        np.array(i, "i32"),
      );
      cache = next;
      const difference = (logits.js() as number[]).map((x, k) => Math.abs(x - whole[0][i][k]));
      expect(Math.max(...difference)).toBeLessThan(1e-5);
    }
  });

  it("at temperature 0 writes the likeliest character, also beyond its context", () => {
    const greedy = (read: number[]): number => {
      const logits = (forward(params, np.array([read], "i32"), config.heads).js() as number[][][])[0];
      const last = logits[logits.length - 1];
      return last.indexOf(Math.max(...last));
    };
    // what the window holds: when it is full, its latter half and the new character
    let window = [3];
    const expected = Array.from({ length: 10 }, () => {
      const next = greedy(window);
      window = window.length === config.context ? [...window.slice(-config.context / 2), next] : [...window, next];
      return next;
    });
    const options = { seed: 0, temperature: 0, count: 10 };
    expect([...generate(config, params, Int32Array.of(3), options)]).toEqual(expected);
  });

  it("the held-out loss is the mean over windows side by side", () => {
    const text = Int32Array.from({ length: 4 * config.context + 1 }, (_, i) => (i * i) % config.vocabulary);
    const windows = [0, 1, 2, 3].map((w) => [...text.slice(w * config.context, (w + 1) * config.context + 1)]);
    const direct = loss(params, np.array(windows, "i32"), config.heads).item() as number;
    expect(makeEvaluation(config)(params, text)).toBeCloseTo(direct, 6);
    expect(() => makeEvaluation(config)(params, text.subarray(0, 5))).toThrow(UserError);
  });
});

describe("what one sees", () => {
  it("ticks are round and cover the range", () => {
    expect(ticks(0, 4.6)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(ticks(0, 1400)).toEqual([0, 200, 400, 600, 800, 1000, 1200, 1400]);
    expect(ticks(0, 0.3)).toEqual([0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3]);
    expect(ticks(0, 0)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
  });

  it("the chart places points on its axes and leaves empty curves out", () => {
    const svg = drawChart("a < b", [
      {
        name: "loss",
        color: "#123456",
        points: [
          [0, 4],
          [10, 2],
        ],
      },
      { name: "none", color: "#654321", points: [] },
    ]);
    expect(svg).toContain("a &lt; b");
    expect(svg).toContain('d="M64 44L696 206" fill="none" stroke-linejoin="round" stroke="#123456"');
    expect(svg).not.toContain("none<");
  });

  it("a bar on a terminal, lines elsewhere", () => {
    const record = (isTTY: boolean): string => {
      const written: string[] = [];
      const stream = { isTTY, columns: 100, write: (text: string) => written.push(text) };
      const progress = new Progress([], 40, 256, stream as unknown as NodeJS.WriteStream);
      for (let step = 1; step <= 40; step++) progress.update({ step, loss: 2, heldOut: step < 20 ? undefined : 1.5 });
      return written.join("");
    };
    const lines = record(false).trimEnd().split("\n");
    expect(lines.length).toBe(20);
    expect(lines[0]).toMatch(/^step 2 of 40: loss 2\.000 {2}[\d,]+ tokens\/s {2}\d+:\d\d left$/);
    expect(lines[19]).toMatch(/^step 40 of 40: loss 2\.000 {2}held-out 1\.500 {2}[\d,]+ tokens\/s$/);
    const bar = record(true);
    expect(bar).toMatch(/\r\x1b\[2K█░{19} 1\/40|\r\x1b\[2K░{20} 1\/40/);
    expect(bar).toMatch(/█{20} 40\/40 .*tokens\/s\n$/);
    // 80 columns hold the time that is left: the bar makes room for it
    const narrow: string[] = [];
    const stream = { isTTY: true, columns: 80, write: (text: string) => narrow.push(text) };
    new Progress([], 6000, 256, stream as unknown as NodeJS.WriteStream).update({ step: 1000, loss: 2, heldOut: 1.5 });
    expect(narrow.join("")).toMatch(/█+░+ 1000\/6000 loss 2\.000 .* held-out 1\.500 .* tokens\/s {2}\d+:\d\d left$/);
    expect(narrow.join("").length).toBeLessThanOrEqual("\r\x1b[2K".length + 79);
    expect(clock(0)).toBe("0:00");
    expect(clock(59.2)).toBe("1:00");
    expect(clock(3675)).toBe("61:15");
  });
});

describe("options", () => {
  it("have defaults, and are read", () => {
    expect(parseOptions([])).toMatchObject({ steps: undefined, resume: false, seed: 0, model: { context: 64 } });
    expect(parseOptions(["--steps", "12", "--resume", "--layers=3"])).toMatchObject({
      steps: 12,
      resume: true,
      model: { layers: 3 },
    });
    expect(parseOptions(["--help"])).toContain("--temperature");
  });

  it.each([
    [["--stepz", "4"], "Unknown option '--stepz'; --help lists the options."],
    [["--steps", "four"], '--steps must be a whole number of at least 1, not "four".'],
    [["--steps", "0"], '--steps must be a whole number of at least 1, not "0".'],
    [["--seed", ""], '--seed must be a whole number of at least 0, not "".'],
    [["--temperature=-1"], '--temperature must be a number of at least 0, not "-1".'],
    [["--features", "10", "--heads", "4"], "--features 10 cannot be divided among 4 heads."],
    [["more"], "Unexpected argument 'more'; --help lists the options."],
  ])("%j is refused in a sentence", (args, sentence) => {
    expect(() => parseOptions(args)).toThrow(UserError);
    expect(() => parseOptions(args)).toThrow(sentence);
  });
});
