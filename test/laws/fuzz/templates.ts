/** What random programs are made of: each template adds one equation (or a few that belong together) if it finds operands. */
import type { ProgramMaker } from "../fuzz-program.js";
import { contraction } from "./contraction.js";
import { control } from "./control.js";
import { elementwise } from "./elementwise.js";
import { movement } from "./movement.js";
import { reduction } from "./reduction.js";
import { special } from "./special.js";

export interface Template {
  readonly name: string;
  /** Chance that it is taken when drawn. */
  readonly weight: number;
  /** Has kinks or jumps: no derivative law near them. */
  readonly kinked?: boolean;
  /** Has no derivative, or one that is not its slope. */
  readonly steps?: boolean;
  /** Has no reverse mode. */
  readonly irreversible?: boolean;
  /** Makes nested programs. */
  readonly nested?: boolean;
  /** Works out sizes as numbers. */
  readonly staticOnly?: boolean;
  /** False when nothing fits. */
  readonly make: (m: ProgramMaker) => boolean;
}

export const TEMPLATES: readonly Template[] = [
  ...elementwise,
  ...special,
  ...movement,
  ...reduction,
  ...contraction,
  ...control,
];
