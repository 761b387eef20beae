/**
 * The same modules made by V8's optimising compiler twice, with pairs of vectors joined and without. Results of both must have the same
 * bits: joining changes no operation on an element.
 */
import v8 from "node:v8";
import { jit } from "tilework";
import type { Case } from "./cases.js";

let joined = false;
let made = 0;
let serial = 0;

/** Whether modules are made so is for the whole process: call it before the first program is compiled. */
export function watchModules(): void {
  const old = Number.parseFloat(process.versions.v8) < 14;
  const [on, off] = old
    ? ["--no-liftoff", "--liftoff"]
    : ["--wasm-tier-mask-for-testing=-1", "--wasm-tier-mask-for-testing=0"];
  WebAssembly.Module = new Proxy(WebAssembly.Module, {
    construct(module, [bytes]: [Uint8Array<ArrayBuffer>]) {
      made++;
      v8.setFlagsFromString(`--${joined ? "" : "no-"}experimental-wasm-revectorize`);
      v8.setFlagsFromString(on);
      v8.setFlagsFromString("--no-wasm-lazy-compilation");
      try {
        return new module(named(bytes));
      } finally {
        v8.setFlagsFromString(off);
        v8.setFlagsFromString("--wasm-lazy-compilation");
      }
    },
  });
}

/** V8 gives the code that it has for equal bytes: a custom section makes every module another one. */
function named(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const name = new TextEncoder().encode(`${serial++}`);
  const out = new Uint8Array(bytes.length + 3 + name.length);
  out.set(bytes);
  out.set([0, name.length + 1, name.length, ...name], bytes.length);
  return out;
}

type Values = ArrayLike<number | bigint | boolean>;

function results({ f, args, dynamic }: Case, pairs: boolean): { readonly values: Values[]; readonly modules: number } {
  joined = pairs;
  const before = made;
  // a function of its own, so that nothing is compiled already
  const out = jit(
    (...xs: never[]) => (f as unknown as (...xs: never[]) => never)(...xs),
    dynamic && ({ dynamic } as never),
  )(...(args as never[])) as unknown;
  const tensors = (Array.isArray(out) ? out.flat(3) : [out]) as { dataSync(): Values }[];
  return { values: tensors.map((t) => t.dataSync()), modules: made - before };
}

/** The first difference, in words; undefined where both agree. */
export function difference(c: Case): string | undefined {
  const [first, second] = [true, false].map((pairs) => results(c, pairs));
  if (first.modules === 0 || first.modules !== second.modules)
    return `${c.label}: ${first.modules} modules were made, then ${second.modules}`;
  const [wide, narrow] = [first.values, second.values];
  for (let i = 0; i < wide.length; i++) {
    for (let k = 0; k < wide[i].length; k++) {
      if (!Object.is(wide[i][k], narrow[i][k]))
        return `${c.label}: result ${i} at ${k} of ${wide[i].length}: ${wide[i][k]}, not ${narrow[i][k]}`;
    }
  }
  return undefined;
}
