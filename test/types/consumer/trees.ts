// Trees keep their structure, and callbacks see tensors.
import { tree } from "tilework";

const doubled: { a: number; b: [number, null] } = tree.map((x) => x * 2, { a: 1, b: [2, null] as [number, null] });
const names: Map<string, string[]> = tree.map((x) => String(x), new Map([["k", [1, 2]]]));
// @ts-expect-error the structure has no c
doubled.c;
export { names };
