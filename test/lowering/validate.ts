/** Every module that a test makes is also checked by binaryen's validator, a second opinion beside the engine's. */
import binaryen from "binaryen";

/** Throws when the module is not valid; gives the bytes back. */
export function validated(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const module = binaryen.readBinary(bytes);
  try {
    module.setFeatures(binaryen.Features.All);
    if (!module.validate()) throw new Error(`binaryen refuses the module:\n${module.emitText().slice(0, 4000)}`);
  } finally {
    module.dispose();
  }
  return bytes;
}
