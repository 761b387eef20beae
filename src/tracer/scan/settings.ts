/** `configure({ scan })`. */
export const scanSettings = { on: true };

declare const process: { readonly env: { readonly NODE_ENV?: string } };
/** Bundlers write the answer in here; where nobody says what this is, nothing is scanned. */
export function inDevelopment(): boolean {
  try {
    return process.env.NODE_ENV !== "production";
  } catch {
    return false;
  }
}
