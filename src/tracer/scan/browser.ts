/** What browsers get instead of the scan: it is loaded when the first function is traced, and reads those that come later. */
import { scanSettings } from "./settings.js";

declare const process: { readonly env: { readonly NODE_ENV?: string } };
type Scan = typeof import("./scan.js");
let scan: Scan | undefined;
let loading: Promise<Scan> | undefined;

export function scanned<F extends (...args: never[]) => unknown>(f: F): F {
  if (scan || !scanSettings.on) return scan ? scan.scanned(f) : f;
  try {
    // bundlers write the answer in here, and drop the rest in production
    if (process.env.NODE_ENV !== "production") {
      loading ??= import("./scan.js");
      loading.then(
        (loaded) => {
          scan = loaded;
        },
        () => {},
      );
    }
  } catch {
    // modules that nobody bundled know no process: they are not scanned
  }
  return f;
}
