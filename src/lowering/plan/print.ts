/** Plans as text: a schedule one can read. */
import { printAval } from "../../ir/aval.js";
import { dimSub } from "../../ir/dim.js";
import type { PlanStep, Slot, SlotView } from "../../ir/plan.js";
import type { Program } from "../../ir/program.js";

/**
 * `in0`, `out1` are memory that the caller gives, `@64` is byte 64 of the arena, `own@64` of what the thread has for itself, `@#2` a part of the arena whose place depends
 * on sizes; `+8` is a constant and `+4·i0` a part that follows the counter of loop 0.
 */
export function printPlan(plan: Program<"plan">): string {
  const lines: string[] = [];
  const inputs = plan.inputs.map(
    ({ slot, aval }, i) =>
      `${printSlot(slot)}: ${printAval(aval)}${plan.outputs.some((o) => o.donatedFrom === i) ? " (donated)" : ""}`,
  );
  lines.push(`plan ${plan.name}(${inputs.join(", ")})`);
  lines.push(`arena ${plan.arenaBytes} bytes, at most ${plan.liveBytes} alive`);
  printSteps(plan.steps, 1, lines);
  lines.push(`return ${plan.outputs.map(({ slot, aval }) => `${printSlot(slot)}: ${printAval(aval)}`).join(", ")}`);
  return `${lines.join("\n")}\n`;
}

function printSlot(s: Slot): string {
  if (s.space === "input") return `in${s.offset}`;
  if (s.space === "output") return `out${s.offset}`;
  return s.space === "arena"
    ? `@${s.offset}`
    : s.space === "own"
      ? `own@${s.offset}`
      : `${s.space === "sized" ? "" : "own"}@#${s.offset}`;
}
function printView({ slot, offset, follow }: SlotView): string {
  const part = (follow ?? []).map((f) => `+${String(f.stride)}·i${f.loop}`).join("");
  return `${printSlot(slot)}${offset === 0 ? "" : `+${String(offset)}`}${part}`;
}

function printSteps(steps: readonly PlanStep[], depth: number, lines: string[]): void {
  const pad = "  ".repeat(depth);
  for (const s of steps) {
    switch (s.kind) {
      case "launch": {
        const { kernel } = s;
        const read: string[] = [];
        const written: string[] = [];
        kernel.refs.forEach((r, i) => {
          const text = `${printView(s.args[i])}: ${r.dtype}[${String(r.size)}]`;
          if (r.role === "in") read.push(text);
          else if (r.role === "out") written.push(text);
          else if (r.role === "inout") written.push(`${text} (updated)`);
          else read.push(`scratch ${text}`);
        });
        const grids = kernel.stages.map((g) => g.grid.map(String).join("×") || "1").join(", ");
        lines.push(`${pad}${written.join(", ")} = ${kernel.name}<${grids}>(${read.join(", ")})`);
        for (const note of kernel.notes) lines.push(`${pad}    # ${note}`);
        break;
      }
      case "copy":
        lines.push(`${pad}${printView(s.to)} = copy ${printView(s.from)}, ${String(s.bytes)} bytes`);
        break;
      case "loop":
        lines.push(
          `${pad}for i${s.loop} in ${s.reverse ? `${String(dimSub(s.length, 1))} … 0` : `0 … ${String(dimSub(s.length, 1))}`}${s.shared ? ", shared among threads" : ""}`,
        );
        printSteps(s.body, depth + 1, lines);
        break;
      case "while":
        lines.push(`${pad}while`);
        printSteps(s.cond, depth + 1, lines);
        lines.push(`${pad}${printView(s.test)} do`);
        printSteps(s.body, depth + 1, lines);
        break;
      case "switch":
        lines.push(`${pad}switch ${printView(s.index)}`);
        s.cases.forEach((c, i) => {
          lines.push(`${pad}case ${s.bool ? i === 1 : i}`);
          printSteps(c, depth + 1, lines);
        });
        break;
      case "callback":
        lines.push(
          `${pad}callback ${s.callback}(${s.args.map((a, i) => `${printView(a)}: ${printAval(s.avals[i])}`).join(", ")})`,
        );
        break;
    }
  }
}
