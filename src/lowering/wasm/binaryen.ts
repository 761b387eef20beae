/** The package binaryen: an optional peer dependency, loaded only when someone looks at a module or builds ahead of time. */
import { fail } from "../../diagnostics/error.js";

export type FunctionRef = { readonly __brand: "binaryen function" };
export interface BinaryenModule {
  setFeatures(features: number): void;
  emitText(): string;
  emitBinary(): Uint8Array;
  runPasses(passes: readonly string[]): void;
  runPassesOnFunction(f: FunctionRef, passes: readonly string[]): void;
  getNumFunctions(): number;
  getFunctionByIndex(index: number): FunctionRef;
  dispose(): void;
}
export interface Binaryen {
  readBinary(bytes: Uint8Array): BinaryenModule;
  readonly Features: { readonly All: number };
  setOptimizeLevel(level: number): void;
  setShrinkLevel(level: number): void;
  getFunctionInfo(f: FunctionRef): { readonly name: string };
}

/** The line that installs the version that Tilework is tested with. */
export const INSTALL_BINARYEN = "npm install --save-dev binaryen@132.0.0";

async function importBinaryen(): Promise<Binaryen> {
  // a name that bundlers neither follow nor fold (Vite's development server would not start without the package): its 12 MB
  // belong in no application
  const name = INSTALL_BINARYEN.replace(/^.* |@.*$/g, "");
  const loaded = (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as { default: unknown };
  return loaded.default as Binaryen;
}

/** `what` needs it, as the error says where it is missing; `load` stands in for the import in tests. */
export async function loadBinaryen(what: string, load: () => Promise<Binaryen> = importBinaryen): Promise<Binaryen> {
  try {
    return await load();
  } catch (cause) {
    return fail("TW6001", `${what} needs the package binaryen, which is not installed`, {
      help: `run: ${INSTALL_BINARYEN}`,
      cause,
    });
  }
}
