// `npm run bench:ulp`: f32 functions over all 2^32 inputs, against their f64 versions. `-- --help` lists the options.
//
// The f64 functions are held to 40 digits of mpmath by test/lowering/math; here they need only be much better than f32. Both
// are compiled by Tilework, and so is the comparison: blocks of 2^18 inputs, on all threads, with whatever vectors the engine has.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const HELP = `npm run bench:ulp -- [options] [function…]
  functions        default: exp log tanh sin cos rsqrt; "all": every function of one argument
  --step N         every N-th bit pattern only (default 1: all)
  --threads N      default: as many as Tilework takes
  --seconds N      stop a function after so long; with --state the next run goes on from there
  --state FILE     keep what was found so far in this file, and go on with what is there
Prints the largest error in ulp of the exact result, the argument where, and the time. A wrong sign, NaN or infinity counts as
an infinite error. For 128-bit vectors without fused multiplication: TILEWORK_V8=0 npm run bench:ulp (Node 20).`;

const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    step: { type: "string", default: "1" },
    threads: { type: "string" },
    seconds: { type: "string", default: "Infinity" },
    state: { type: "string" },
    help: { type: "boolean", default: false },
  },
});
const BLOCK = 2 ** 18;
const INPUTS = 2 ** 32;
const BASIC = ["exp", "log", "tanh", "sin", "cos", "rsqrt"];
const MORE =
  "exp2 expm1 log1p logistic sinh cosh tan asin acos atan asinh acosh atanh cbrt sqrt erf erfc erfInv besselI0e besselI1e";

/** The first 256 bits of 2/π after the binary point; 1/2π has the same ones, two places on. */
const TWO_OVER_PI = 0xa2f9836e4e441529fc2757d1f534ddc0db6295993c439041fe5163abdebbc561n;
const PIECE = 29;
const PIECES = 7;

/**
 * sin or cos of f64 numbers that hold f32 ones, all in vectors: x/2π modulo 1 in pieces whose products are exact, then Taylor's
 * series. (The library's f64 functions take a long way for large arguments; every 1009th input is compared with them in the tests.)
 */
function sineReference({ array, lax, numpy: np }, quarterTurns) {
  const c = (value) => array(value, { dtype: "f64" });
  const series = (z, first) => {
    let term = 1;
    const coefficients = [1];
    for (let k = first; k < first + 20; k += 2) coefficients.push((term /= -k * (k + 1)));
    return coefficients.reduceRight((sum, v) => np.add(np.multiply(sum, z), c(v)), c(0));
  };
  const round = (v) => lax.round(v, "even");
  return (x) => {
    let rest = [];
    for (let i = 0; i < PIECES; i++) {
      const bits = Number((TWO_OVER_PI >> BigInt(258 - PIECE * (i + 1))) & BigInt(2 ** PIECE - 1));
      const turns = np.multiply(x, c(bits * 2 ** (-PIECE * (i + 1))));
      rest.push(np.subtract(turns, round(turns)));
    }
    const all = rest.reduceRight((sum, v) => np.add(sum, v));
    const quarter = round(np.multiply(all, c(4)));
    rest = [np.subtract(rest[0], np.multiply(quarter, c(0.25))), ...rest.slice(1)];
    const r = np.multiply(
      rest.reduce((sum, v) => np.add(sum, v)),
      c(2 * Math.PI),
    );
    const z = np.square(r);
    const k = np.bitwiseAnd(np.add(lax.convertElementType(quarter, "i32"), array(quarterTurns, { dtype: "i32" })), 3);
    const [sine, cosine] = [np.multiply(r, series(z, 2)), series(z, 1)];
    const size = np.where(np.equal(np.bitwiseAnd(k, 1), 1), cosine, sine);
    const result = np.where(np.greaterEqual(k, 2), np.negative(size), size);
    return quarterTurns === 0 ? np.where(np.equal(x, c(0)), x, result) : result;
  };
}

/** The programs for a function of lax: inputs from the first bit pattern, values, and their errors (each and the largest). */
function compile(tw, name, step) {
  const { array, jit, lax, numpy: np } = tw;
  const f = lax[name];
  if (typeof f !== "function") throw new Error(`there is no function ${name} in lax`);
  const exactly = name === "sin" || name === "cos" ? sineReference(tw, name === "sin" ? 0 : 1) : f;
  const constant = (value, dtype) => array(value, { dtype });
  const EXPONENT = constant(0x7ff0000000000000n, "i64");
  const LEAST = constant(897n << 52n, "i64");
  const TO_SPACING = constant(23n << 52n, "i64");
  const ZERO = constant(0n, "i64");
  const LIMIT = constant(2 ** 128, "f64");
  const INFINITE = constant(Number.POSITIVE_INFINITY, "f64");
  const NONE = constant(0, "f64");
  const stride = constant(step, "u32");

  const inputs = jit((from) =>
    lax.bitcastConvertType(np.add(np.multiply(lax.iota("u32", BLOCK), stride), from), "f32"),
  );
  const values = jit((x) => f(x));
  const errorsOf = (x, y) => {
    const bits = (v) => lax.bitcastConvertType(v, "i64");
    // infinite counts as 2^128, the next float after the largest
    const within = (v) => np.maximum(np.minimum(v, LIMIT), np.negative(LIMIT));
    const got = within(lax.convertElementType(y, "f64"));
    const want = within(exactly(lax.convertElementType(x, "f64")));
    // the spacing of floats at the exact result: 2 to its exponent less 23, at least that of subnormals
    const exponent = np.maximum(np.bitwiseAnd(bits(want), EXPONENT), LEAST);
    const spacing = lax.bitcastConvertType(np.subtract(exponent, TO_SPACING), "f64");
    const ulps = np.divide(np.abs(np.subtract(got, want)), spacing);
    const otherSign = np.less(np.bitwiseXor(bits(got), bits(want)), ZERO);
    const numbers = np.where(otherSign, INFINITE, ulps);
    const [noResult, noExact] = [np.isnan(got), np.isnan(want)];
    return np.where(
      np.logicalOr(noResult, noExact),
      np.where(np.logicalAnd(noResult, noExact), NONE, INFINITE),
      numbers,
    );
  };
  const errors = jit(errorsOf);
  const worst = jit((x, y) => np.max(errorsOf(x, y)));
  return { inputs, values, errors, worst };
}

/** Goes on from `state` until all inputs are done or the time is up. */
function sweep(tw, name, step, state, seconds) {
  const { inputs, values, errors, worst } = compile(tw, name, step);
  const start = performance.now();
  const last = INPUTS - BLOCK * step;
  for (; state.next < INPUTS; state.next += BLOCK * step) {
    if (performance.now() - start > seconds * 1000) break;
    // the last block overlaps the one before, so that no pattern counts twice
    const x = inputs(tw.array(Math.max(0, Math.min(state.next, last)), { dtype: "u32" }));
    const y = values(x);
    const most = worst(x, y).item();
    if (!(most > state.ulp)) continue;
    const all = errors(x, y).dataSync();
    const at = all.indexOf(most);
    Object.assign(state, { ulp: most, at: x.dataSync()[at], result: y.dataSync()[at] });
  }
  state.seconds += (performance.now() - start) / 1000;
  return state;
}

function printRow(name, state) {
  const share = Math.min(1, state.next / INPUTS);
  const left = share < 1 ? ` (${(share * 100).toFixed(1)} % of the inputs)` : "";
  const at = `at ${state.at} (result ${state.result})`;
  console.log(
    `${name.padEnd(12)} ${String(state.ulp.toFixed(4)).padStart(9)} ulp ${at}, ${state.seconds.toFixed(1)} s${left}`,
  );
}

async function main() {
  if (given.help) return console.log(HELP);
  const tw = await import(join(fileURLToPath(import.meta.url), "..", "..", "dist", "node", "tilework.js"));
  if (given.threads) tw.configure({ threads: Number(given.threads) });
  const names = positionals.includes("all") ? [...BASIC, ...MORE.split(" ")] : positionals.length ? positionals : BASIC;
  const step = Number(given.step);
  const stored = given.state && existsSync(given.state) ? JSON.parse(readFileSync(given.state, "utf8")) : {};
  console.log(
    `Node ${process.version}${process.env.TILEWORK_V8 === "0" ? ", switches of V8 left alone" : ""}, every ${step}. bit pattern`,
  );
  for (const name of names) {
    const key = `${name}/${step}/${process.version}/${process.env.TILEWORK_V8 ?? ""}`;
    const state = stored[key] ?? { next: 0, ulp: 0, at: 0, result: 0, seconds: 0 };
    state.ulp = Number(state.ulp);
    stored[key] = sweep(tw, name, step, state, Number(given.seconds));
    // as text what JSON has no number for
    if (given.state)
      writeFileSync(
        given.state,
        JSON.stringify(stored, (_, v) => (Number.isFinite(v) || typeof v !== "number" ? v : String(v))),
      );
    printRow(name, state);
  }
}
await main();
