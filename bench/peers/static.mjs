// Tilework with each size compiled for itself: the measure of programs over named sizes.
export { openStatic as open } from "./ours.mjs";
