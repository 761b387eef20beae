/** For Node; browsers take `browser.ts` instead. */
export { scanned } from "./scan.js";
