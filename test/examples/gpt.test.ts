/** The whole GPT example, tiny, as `npm start` runs it: a child process that trains, is interrupted, resumes and writes. */
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readSafetensors } from "tilework/io";
import { beforeAll, describe, expect, it } from "vitest";
import { root, runNode, temporaryFolder } from "../pack/workspace.js";

const folder = temporaryFolder();
const main = join(root, "build", "examples", "gpt", "main.js");
const text = join(folder, "text.txt");
const tiny = "--layers 1 --heads 2 --features 16 --context 16 --batch 4 --rate 0.02 --sample 40 --steps 40".split(" ");
const run = (...args: string[]) => runNode([main, "--text", text, ...tiny, ...args], folder);

beforeAll(() => {
  const built = runNode([join(root, "scripts", "build.mjs"), "--examples"], root);
  expect(built.status, built.output).toBe(0);
  const kinds = ["string", "number", "boolean", "Date"];
  const block = (i: number) => `interface Part${i} {\n  name: ${kinds[i % 4]};\n  size${i}?: ${kinds[i % 3]};\n}`;
  writeFileSync(text, Array.from({ length: 150 }, (_, i) => block(i)).join("\n\n"));
});

describe("a run", () => {
  const out = join(folder, "unbroken");
  let output: string;
  beforeAll(() => {
    const ran = run("--out", out);
    expect(ran.status, ran.output).toBe(0);
    output = ran.output;
  });

  it("says what it learns from, how it goes and what came out, in plain lines", () => {
    expect(output).toMatch(/Text: \d+ blocks of .*text\.txt \([\d,]+ characters\) to learn, \d+ \([\d,]+\) held out/);
    expect(output).toMatch(/Bigram entropy of the held-out text: \d\.\d+ nats per character/);
    expect(output.match(/^step \d+ of 40: loss \d\.\d+ {2}held-out \d\.\d+ {2}[\d,]+ tokens\/s/gm)?.length).toBe(20);
    expect(output).toMatch(/Held-out loss: \d\.\d+ nats per character/);
    expect(output).not.toContain("\x1b");
  });

  it("learns", () => {
    const heldOut = [...output.matchAll(/held-out (\d\.\d+)/g)].map((m) => Number(m[1]));
    expect(heldOut[heldOut.length - 1]).toBeLessThan(heldOut[0] - 0.5);
  });

  it("leaves a checkpoint with everything that training needs", () => {
    const { tensors, metadata } = readSafetensors(readFileSync(join(out, "gpt.safetensors")));
    expect(metadata.step).toBe("40");
    const facts = JSON.parse(metadata.run);
    expect(facts.model).toMatchObject({ layers: 1, heads: 2, features: 16, context: 16 });
    expect(tensors["losses"].shape).toEqual([40]);
    expect(tensors["key"].dtype).toBe("u32");
    expect(tensors["params.tokens"].shape).toEqual([facts.vocabulary.length, 16]);
    const moments = Object.keys(tensors).filter((name) => name.startsWith("optimizer") && name.endsWith("tokens"));
    expect(moments.length).toBe(2);
    for (const t of Object.values(tensors))
      expect([...t.dataSync()].every((x) => Number.isFinite(Number(x)))).toBe(true);
  });

  it("leaves a loss curve and a sample", () => {
    const svg = readFileSync(join(out, "loss.svg"), "utf8");
    expect(svg).toMatch(/^<svg [^>]*>[\s\S]*held out[\s\S]*bigram entropy[\s\S]*<\/svg>\n$/);
    const sample = readFileSync(join(out, "sample.txt"), "utf8");
    expect(sample.length).toBe(41);
    expect(output).toContain(sample.trimEnd());
  });

  it("interrupted and resumed, gives the same losses, weights, curve and sample to the last bit", async () => {
    const again = join(folder, "interrupted");
    const child = spawn(process.execPath, [main, "--text", text, ...tiny, "--out", again]);
    let said = "";
    let signals = 0;
    child.stdout.on("data", (chunk) => {
      said += chunk;
      // twice at once, as a terminal and npm together do
      while (said.includes("step 6 of") && signals++ < 2) child.kill("SIGINT");
    });
    const status = await new Promise((done) => child.on("exit", done));
    expect(status).toBe(130);
    expect(said).toMatch(/Stopped after step \d+ of 40 and saved .*gpt\.safetensors; --resume goes on from there\.\n$/);
    const stopped = Number(/Stopped after step (\d+)/.exec(said)?.[1]);
    expect(stopped).toBeLessThan(40);
    const resumed = run("--resume", "--out", again);
    expect(resumed.output).toContain(`Resuming after step ${stopped} of 40.`);
    for (const file of ["gpt.safetensors", "loss.svg", "sample.txt"]) {
      expect(readFileSync(join(again, file)).equals(readFileSync(join(out, file))), file).toBe(true);
    }
  });

  it("another seed gives another run", () => {
    const other = join(folder, "seed");
    expect(run("--seed", "1", "--out", other, "--steps", "2").status).toBe(0);
    const losses = (dir: string) => readSafetensors(readFileSync(join(dir, "gpt.safetensors"))).tensors["losses"].js();
    expect((losses(other) as number[])[0]).not.toBe((losses(out) as number[])[0]);
  });

  it.each([8, 4])("writes with weights of %i bits, whose loss is next to that of the trained ones", (bits) => {
    const ran = run("--resume", "--out", out, "--bits", `${bits}`);
    expect(ran.status, ran.output).toBe(0);
    const [trained, rounded] = [
      /Held-out loss: (\d\.\d+)/,
      new RegExp(`With weights of ${bits} bits: (\\d\\.\\d+)`),
    ].map((line) => Number(line.exec(ran.output)?.[1]));
    expect(Math.abs(rounded - trained)).toBeLessThan(bits === 8 ? 0.01 : 0.1);
    expect(readFileSync(join(out, "sample.txt"), "utf8").length).toBe(41);
  });

  it("refuses another size for the same checkpoint", () => {
    const refused = run("--resume", "--out", out, "--layers", "2");
    const sentence = `--layers is 1 in ${join(out, "gpt.safetensors")} and stays so when the run is resumed.`;
    expect(refused).toEqual({ status: 2, output: sentence });
  });

  it("refuses another text for the same checkpoint", () => {
    const otherText = join(folder, "other.txt");
    writeFileSync(otherText, readFileSync(text, "utf8").replaceAll("Part", "Piece"));
    const refused = runNode([main, "--text", otherText, "--resume", "--out", out], folder);
    expect(refused).toEqual({ status: 2, output: `${join(out, "gpt.safetensors")} was trained on another text.` });
  });
});

it("without options but its size it learns TypeScript's declarations", () => {
  const out = join(folder, "typescript");
  const { status, output } = runNode([main, ...tiny, "--steps", "30", "--out", out], folder);
  expect(status, output).toBe(0);
  const [, declarations, characters] =
    /Text: ([\d,]+) declarations of TypeScript's lib files \(([\d,]+)/.exec(output) ?? [];
  expect(Number(declarations.replace(",", ""))).toBeGreaterThan(2000);
  expect(Number(characters.replaceAll(",", ""))).toBeGreaterThan(500_000);
  expect(readFileSync(join(out, "sample.txt"), "utf8")).toMatch(/^interface /);
});

it("a loss that is no longer finite ends the run, and not its checkpoint", () => {
  const out = join(folder, "diverged");
  expect(run("--steps", "2", "--out", out).status).toBe(0);
  const saved = readFileSync(join(out, "gpt.safetensors"));
  const { status, output } = run("--rate", "1e30", "--out", out);
  expect(status).toBe(2);
  expect(output).toMatch(/The loss is not finite any more at step \d+: try a smaller --rate\.$/);
  expect(readFileSync(join(out, "gpt.safetensors")).equals(saved)).toBe(true);
});

it("a checkpoint that is damaged is told from one that is not there", () => {
  writeFileSync(join(folder, "gpt.safetensors"), "not one");
  const refused = run("--resume", "--out", folder);
  const sentence = `${join(folder, "gpt.safetensors")} is damaged, or no checkpoint of this example.`;
  expect(refused).toEqual({ status: 2, output: sentence });
});

describe("mistakes are one sentence and status 2", () => {
  it.each([
    [["--steps", "-5"], "Option '--steps' argument is ambiguous; --help lists the options."],
    [["--steps", "x"], '--steps must be a whole number of at least 1, not "x".'],
    [["--bits", "5"], '--bits must be 8 or 4, not "5".'],
    [["--text", "missing.txt"], "missing.txt cannot be read (ENOENT)."],
    [["--resume", "--out", "nowhere"], `There is no checkpoint ${join("nowhere", "gpt.safetensors")} to resume from.`],
  ])("%j", (args, output) => {
    expect(runNode([main, ...args], folder)).toEqual({ status: 2, output });
  });

  it("a folder that cannot be written to is found before any training", () => {
    const refused = (out: string) => run("--out", out).output.split("\n").at(-1);
    expect(refused(text)).toBe(`${text} is no folder.`);
    expect(refused(join(text, "inside"))).toMatch(/^The folder .* cannot be written to \(ENOTDIR\)\.$/);
    expect(refused("")).toBe('The folder "" cannot be written to (ENOENT).');
  });

  it("--help tells the options", () => {
    const { status, output } = runNode([main, "--help"], folder);
    expect(status).toBe(0);
    for (const option of ["--text", "--steps", "--resume", "--seed", "--out"]) expect(output).toContain(option);
  });
});
