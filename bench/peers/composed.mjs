// What the library's kernels do, composed of np and nn by Tilework itself: what the kernels are held against.
export { openComposed as open } from "./ours.mjs";
