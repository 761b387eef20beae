/** Modules as WAT text, through binaryen. */
import { type Binaryen, loadBinaryen } from "./binaryen.js";

/** `load` stands in for the import in tests. */
export async function printWat(bytes: Uint8Array, load?: () => Promise<Binaryen>): Promise<string> {
  const binaryen = await loadBinaryen("WAT text", load);
  const module = binaryen.readBinary(bytes);
  try {
    module.setFeatures(binaryen.Features.All);
    return module.emitText();
  } finally {
    module.dispose();
  }
}
