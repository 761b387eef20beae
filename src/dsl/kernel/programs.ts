/** Where a program stands in the grid. */
import { fail } from "../../diagnostics/error.js";
import { scalar } from "../../tracer/frame.js";
import type { Tensor } from "../../tracer/tensor.js";
import { type Launch, launchFor } from "./launch.js";

function checkAxis(what: string, { name, grid }: Launch, axis: number): void {
  if (Number.isInteger(axis) && axis >= 0 && axis < grid.length) return;
  fail("TW8010", `${what}(${String(axis)}): the grid of ${name} has ${grid.length} axes`, {
    help: grid.length === 1 ? "a grid of one axis has axis 0" : `axes run from 0 to ${grid.length - 1}`,
  });
}

export function programId(axis = 0): Tensor {
  const launch = launchFor("programId");
  checkAxis("programId", launch, axis);
  return launch.ids[axis];
}

export function numPrograms(axis = 0): Tensor {
  const launch = launchFor("numPrograms");
  checkAxis("numPrograms", launch, axis);
  return scalar(launch.grid[axis], "i32");
}
