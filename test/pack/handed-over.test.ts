/**
 * The compiler gets the lowering of kernels, factorisations, windows and some functions from whoever makes them (src/lowering/slot.ts). Each way to
 * make one is the only one in its process here, so that none lives on what another has handed over.
 */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { buildDist, root, runNode, temporaryFolder } from "./workspace.js";

beforeAll(buildDist);

const folder = temporaryFolder();
const SPD = "np.array([[4, 2, 0.5], [2, 3, 1], [0.5, 1, 2]])";
const DOUBLE = `kernel(function double(x, out) { const i = arange(4); store(out, [i], load(x, [i]) * 2); }, { out: (x) => x })`;
const KERNELS = 'import { arange, load, store } from "tilework/kernels";\n';
const ROWS = "np.array([1, 2, 3, 4])";

/** A program of users' and what it prints. All print numbers to four places. */
const factorisations: Record<string, readonly [code: string, printed: string]> = {
  "np.linalg.cholesky": [`jit((x) => np.sum(np.linalg.cholesky(x)))(${SPD})`, "6.481"],
  "np.linalg.solve": [`jit((x) => np.sum(np.linalg.solve(x, np.ones([3]))))(${SPD})`, "0.6604"],
  "np.linalg.inv": [`jit((x) => np.sum(np.linalg.inv(x)))(${SPD})`, "0.6604"],
  "np.linalg.det": [`jit((x) => np.linalg.det(x))(${SPD})`, "13.25"],
  "np.linalg.slogdet": [`jit((x) => np.linalg.slogdet(x)[1])(${SPD})`, "2.584"],
  "np.linalg.qr": [`jit((x) => np.abs(np.prod(np.diag(np.linalg.qr(x)[1]))))(${SPD})`, "13.25"],
  "np.linalg.eigh": [`jit((x) => np.sum(np.linalg.eigh(x)[0]))(${SPD})`, "9"],
  "np.linalg.svd": [`jit((x) => np.sum(np.linalg.svd(x)[1]))(${SPD})`, "9"],
  "np.linalg.lstsq": [`jit((x) => np.sum(np.linalg.lstsq(x, np.ones([3]))[0]))(${SPD})`, "0.6604"],
  "lax.linalg.lu": [`jit((x) => np.abs(np.prod(np.diag(lax.linalg.lu(x)[0]))))(${SPD})`, "13.25"],
  "lax.linalg.triangularSolve": [
    `jit((x) => np.sum(lax.linalg.triangularSolve(x, np.ones([3, 1]), { leftSide: true, lower: true })))(${SPD})`,
    "0.7708",
  ],
  "without jit": [`np.linalg.det(${SPD})`, "13.25"],
  "a gradient": [`jit(grad((x) => np.linalg.det(x)))(${SPD}).sum()`, "8.75"],
  "a gradient of one without a jit": [`grad((x) => np.linalg.det(x))(${SPD}).sum()`, "8.75"],
  "a batch": [`jit(vmap((x) => np.linalg.det(x)))(np.stack([${SPD}, ${SPD}])).sum()`, "26.5"],
  "only the rule of a gradient": [
    `(() => {
      const f = customVjp((x) => np.sum(x));
      f.defvjp((x) => [np.sum(x), x], (x, ct) => [np.linalg.inv(x).mul(ct)]);
      return jit(grad((x) => f(x)))(${SPD}).sum();
    })()`,
    "0.6604",
  ],
  "a branch": [`jit((x) => cond(np.greater(np.sum(x), 0), () => np.linalg.det(x), () => np.sum(x)))(${SPD})`, "13.25"],
  "a random distribution": [
    `jit((c) => np.sum(random.multivariateNormal(random.key(0), np.zeros([3]), c).mul(0)))(${SPD})`,
    "0",
  ],
  "an initializer": ["np.sum(np.square(jit(() => nn.initializers.orthogonal()(random.key(0), [3, 3]))()))", "3"],
};
const special: Record<string, readonly [code: string, printed: string]> = {
  "lax.lgamma": ["jit((x) => lax.lgamma(x))(np.array(5))", "3.178"],
  "lax.digamma": ["jit((x) => lax.digamma(x))(np.array(1))", "-0.5772"],
  "lax.polygamma": ["jit((n, x) => lax.polygamma(n, x))(np.array(1), np.array(1))", "1.645"],
  "lax.zeta": ["jit((x, q) => lax.zeta(x, q))(np.array(2), np.array(1))", "1.645"],
  "lax.igamma": ["jit((a, x) => lax.igamma(a, x))(np.array(2), np.array(1))", "0.2642"],
  "lax.igammac": ["jit((a, x) => lax.igammac(a, x))(np.array(2), np.array(1))", "0.7358"],
  "lax.betainc": ["jit((x) => lax.betainc(np.array(2), np.array(3), x))(np.array(0.5))", "0.6875"],
  "lax.besselI0e": ["jit((x) => lax.besselI0e(x))(np.array(1))", "0.4658"],
  "lax.besselI1e": ["jit((x) => lax.besselI1e(x))(np.array(1))", "0.2079"],
  "np.i0 without jit": ["np.i0(np.array(1))", "1.266"],
  "a gradient of lgamma": ["jit(grad((x) => lax.lgamma(x)))(np.array(1))", "-0.5772"],
  "a gradient of betainc": ["grad((x) => lax.betainc(np.array(2), np.array(3), x))(np.array(0.5))", "1.5"],
  "random.poisson": ["jit(() => np.sum(random.poisson(random.key(0), 30, [3]).mul(0)))()", "0"],
  "a gradient of random.gamma": ["jit(grad((a) => random.gamma(random.key(0), a).mul(0)))(np.array(2))", "0"],
};
const extended: Record<string, readonly [code: string, printed: string]> = {
  ...Object.fromEntries(
    Object.entries({
      ...{ tan: "0.5463", arcsin: "0.5236", arccos: "1.047", arctan: "0.4636", sinh: "0.5211", cosh: "1.128" },
      ...{ arcsinh: "0.4812", arctanh: "0.5493", cbrt: "0.7937", erf: "0.5205", erfc: "0.4795" },
    }).map(([name, printed]) => [`np.${name}`, [`jit((x) => np.${name}(x))(np.array(0.5))`, printed]]),
  ),
  "np.arccosh": ["np.arccosh(np.array(2))", "1.317"],
  "np.arctan2": ["jit((x) => np.arctan2(x, np.ones([5])))(np.ones([5])).sum()", "3.927"],
  "lax.tan of vectors": ["jit((x) => lax.tan(x))(np.ones([64])).mean()", "1.557"],
  "lax.erfInv of vectors": ["jit((x) => lax.erfInv(x))(np.full([64], 0.5)).mean()", "0.4769"],
  "a gradient of cosh": ["jit(grad((x) => np.cosh(x)))(np.array(0.5))", "0.5211"],
  "random.normal": ["jit(() => np.sum(random.normal(random.key(0), [3]).mul(0)))()", "0"],
  "random.cauchy": ["jit(() => np.sum(random.cauchy(random.key(0), [3]).mul(0)))()", "0"],
  "random.truncatedNormal": ["jit(() => np.sum(random.truncatedNormal(random.key(0), -1, 1, [3]).mul(0)))()", "0"],
  "nn.gelu": ["jit((x) => nn.gelu(x, false))(np.array(1))", "0.8413"],
};
const windows: Record<string, readonly [code: string, printed: string]> = {
  "np.convolve": ["np.sum(np.convolve(np.ones([3]), np.ones([2])))", "6"],
  "lax.conv": [`jit((x) => np.sum(lax.conv(x, np.ones([1, 1, 2, 2]), [1, 1], "VALID")))(np.ones([1, 1, 3, 3]))`, "16"],
  "lax.reduceWindow": [`jit((x) => np.sum(lax.reduceWindow(x, "sum", [2])))(${ROWS})`, "15"],
  "nn.conv": [
    "jit((x) => np.sum(nn.conv({ w: np.ones([3, 3, 2, 2]), b: np.zeros([2]) }, x)))(np.ones([1, 4, 4, 2]))",
    "400",
  ],
  "nn.maxPool": ["jit((x) => np.sum(nn.maxPool(x, [2, 2])))(np.ones([1, 4, 4, 1]))", "4"],
  "the gradient of a pool": ["jit(grad((x) => np.sum(nn.maxPool(x, [2, 2]))))(np.ones([1, 4, 4, 1])).sum()", "4"],
  "the gradient of a strided convolution": [
    `jit(grad((x) => np.sum(lax.conv(x, np.ones([1, 1, 2, 2]), [2, 2], "VALID"))))(np.ones([1, 1, 4, 4])).sum()`,
    "16",
  ],
  "a batch of pools": ["jit(vmap((x) => np.sum(nn.maxPool(x, [2, 2]))))(np.ones([2, 1, 4, 4, 1])).sum()", "8"],
};
const greatest: Record<string, readonly [code: string, printed: string]> = {
  "lax.topK": [`jit((x) => np.sum(lax.topK(x, 2)[0]))(${ROWS})`, "7"],
  "a gradient of lax.topK": [`jit(grad((x) => np.sum(lax.topK(x, 2)[0])))(${ROWS}).sum()`, "2"],
  "random.choice without replacement": [
    "jit(() => np.sum(random.choice(random.key(0), 4, [4], { replace: false })))()",
    "6",
  ],
};
const kernels: Record<string, readonly [code: string, printed: string]> = {
  "a kernel": [`np.sum(${DOUBLE}(${ROWS}))`, "20"],
  "a kernel in jit": [`jit((x) => np.sum(${DOUBLE}(x)))(${ROWS})`, "20"],
  "the gradient of a kernel": [`jit(grad((x) => np.sum(${DOUBLE}(x))))(${ROWS}).sum()`, "8"],
  "a batch of kernels": [`jit(vmap((x) => np.sum(${DOUBLE}(x))))(np.stack([${ROWS}, ${ROWS}])).sum()`, "40"],
};

const names = "{ cond, customVjp, grad, jit, kernel, lax, nn, numpy as np, random, vmap }";
const program = (code: string, more = ""): string => `import ${names} from "tilework";
${more}const printed = (x) => Number(Number(x.item()).toPrecision(4)).toString();
console.log(printed(${code}));\n`;

/** Starts where the package is found by its own name. */
function inProcess(code: string, env: NodeJS.ProcessEnv = process.env): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--input-type=module", "-e", code], { cwd: root, env });
    let output = "";
    child.stdout.on("data", (text) => (output += text));
    child.stderr.on("data", (text) => (output += text));
    child.on("error", reject).on("close", () => resolve(output.trim()));
  });
}

describe("alone in a process", () => {
  it.each([factorisations, special, extended, windows, greatest].flatMap(Object.entries))(
    "%s",
    async (_, [code, printed]) => {
      expect(await inProcess(program(code))).toBe(printed);
    },
  );
  it.each(Object.entries(kernels))("%s", async (_, [code, printed]) => {
    expect(await inProcess(program(code, KERNELS))).toBe(printed);
  });

  it("a factorisation from the cache on disk", async () => {
    const env = { ...process.env, TILEWORK_CACHE: join(folder, "cache") };
    const code = program(factorisations["np.linalg.inv"][0]);
    for (let run = 0; run < 2; run++) expect(await inProcess(code, env)).toBe("0.6604");
  });

  it("a factorisation in a worker thread", async () => {
    const worker = program(factorisations["np.linalg.det"][0]);
    writeFileSync(
      join(folder, "worker.mjs"),
      worker.replaceAll('"tilework"', JSON.stringify(pathToFileURL(join(root, "dist", "node", "tilework.js")).href)),
    );
    const url = JSON.stringify(pathToFileURL(join(folder, "worker.mjs")).href);
    expect(
      await inProcess(`import { Worker } from "node:worker_threads";\nnew Worker(new URL(${url}), { execArgv: [] });`),
    ).toBe("13.25");
  });

  it("the command line's view of one", () => {
    const file = join(folder, "inverse.ts");
    writeFileSync(
      file,
      'import { numpy as np, type Tensor } from "tilework";\nexport const f = (x: Tensor): Tensor => np.linalg.inv(x);\n',
    );
    const command = join(root, "dist", "cli", "main.js");
    const { status, output } = runNode([command, "ir", `${file}#f`, "--args", "f32[3,3]", "--stage", "tile"], root);
    expect(status, output).toBe(0);
    expect(output).toContain("lu");
  });
});
