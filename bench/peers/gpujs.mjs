// GPU.js in its CPU mode: generated JavaScript loops. (Its WebGL mode needs a native library that only an install script builds.)
import { createRequire } from "node:module";

export async function open() {
  const require = createRequire(import.meta.url);
  const { GPU } = require("gpu.js");
  const { version } = require("gpu.js/package.json");
  return { version, kinds: kinds(new GPU({ mode: "cpu" })) };
}

function kinds(gpu) {
  const rows = (x, [m, n]) => Array.from({ length: m }, (_, i) => x.subarray(i * n, (i + 1) * n));
  const flat = (result) => {
    if (result instanceof Float32Array) return result;
    const out = new Float32Array(result.length * result[0].length);
    result.forEach((row, i) => {
      out.set(row, i * row.length);
    });
    return out;
  };
  const made = (run) => ({ run, outputs: () => [flat(run())] });
  return {
    matmul({ m, k, n, inputs }, data) {
      if (m * k * n > 512 ** 3) return "not tried: it would take minutes";
      const [a, b] = [rows(data.a, inputs.a.shape), rows(data.b, inputs.b.shape)];
      const kernel = gpu
        .createKernel(function (a, b) {
          let sum = 0;
          for (let i = 0; i < this.constants.k; i++) sum += a[this.thread.y][i] * b[i][this.thread.x];
          return sum;
        })
        .setConstants({ k })
        .setOutput([n, m]);
      return made(() => kernel(a, b));
    },
    elementwise({ inputs }, data) {
      const kernel = gpu
        .createKernel(function (a, b, c) {
          const i = this.thread.x;
          return Math.tanh(b[i]) / (1 + Math.exp(-a[i])) + c[i];
        })
        .setOutput(inputs.a.shape);
      return made(() => kernel(data.a, data.b, data.c));
    },
  };
}
