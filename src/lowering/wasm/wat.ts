/** Modules as WAT text, through binaryen: an optional peer dependency that is loaded only here, when someone looks. */
import { fail } from "../../diagnostics/error.js";

interface BinaryenModule {
  setFeatures(features: number): void;
  emitText(): string;
  dispose(): void;
}
interface Binaryen {
  readBinary(bytes: Uint8Array): BinaryenModule;
  readonly Features: { readonly All: number };
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

/** `load` stands in for the import in tests. */
export async function printWat(bytes: Uint8Array, load: () => Promise<Binaryen> = importBinaryen): Promise<string> {
  let binaryen: Binaryen;
  try {
    binaryen = await load();
  } catch (cause) {
    return fail("TW6001", "WAT text needs the package binaryen, which is not installed", {
      help: `run: ${INSTALL_BINARYEN}`,
      cause,
    });
  }
  const module = binaryen.readBinary(bytes);
  try {
    module.setFeatures(binaryen.Features.All);
    return module.emitText();
  } finally {
    module.dispose();
  }
}
