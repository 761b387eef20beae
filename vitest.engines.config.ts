import { defineConfig } from "vitest/config";
import everyday, { ALONE } from "./vitest.config.js";

/** Everyday and long tests that run generated code, by the numbers that they must give. */
const GENERATED = [
  "test/api/{autodiff,control,corners,dynamic,dynamic-option,nesting}.test.ts",
  "test/jit/**/*.test.ts",
  "test/kernels/!(debug*|factorisations).test.ts",
  "test/kernels/{adjoint,language,library}/**/*.test.ts",
  "test/laws/**/*.test.ts",
  "test/lax/**/*.test.ts",
  "test/lowering/*.test.ts",
  "test/lowering/{loop,math,plan,schedule,wasm}/**/*.test.ts",
  "test/nn/**/*.test.ts",
  "test/numpy/{derivatives,elementwise,indexing,methods,products,reduction,statistics}.test.ts",
  "test/programs/**/*.test.ts",
  "test/random/**/*.test.ts",
  "test/long/fuzz-products.test.ts",
];
/** These are about the engine itself: nothing is switched on before them. */
const OWN_SWITCHES = [
  "test/long/joined.test.ts",
  "test/jit/engine.test.ts",
  "test/lowering/wasm/{features,widening}.test.ts",
];

const { plugins, resolve, test } = everyday;

/** Generated code on an engine with 256-bit vectors, all of it optimised: `npm run test:engines`. */
export default defineConfig({
  plugins,
  resolve,
  test: {
    ...test,
    testTimeout: 300_000,
    projects: [
      { extends: true, test: { name: "switches", include: OWN_SWITCHES } },
      {
        extends: true,
        test: {
          name: "alone",
          include: [...ALONE.filter((path) => /jit|lowering/.test(path)), "test/runtime/threads/*.test.ts"],
          exclude: OWN_SWITCHES,
          setupFiles: ["test/engines/optimised.ts"],
        },
      },
      {
        extends: true,
        test: {
          name: "shared",
          include: GENERATED,
          exclude: [...OWN_SWITCHES, ...ALONE],
          setupFiles: ["test/engines/optimised.ts"],
          isolate: false,
        },
      },
    ],
  },
});
