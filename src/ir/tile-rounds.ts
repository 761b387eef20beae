/** In which order the stages of a tile program run. */
import type { TileRounds, TileStage } from "./tile.js";

/** Neighbours of the same rounds (or without any). */
export interface StageGroup<S> {
  readonly rounds: TileRounds | undefined;
  readonly stages: readonly S[];
}

export function stageGroups<S extends Pick<TileStage, "rounds">>(stages: readonly S[]): StageGroup<S>[] {
  const groups: { rounds: TileRounds | undefined; stages: S[] }[] = [];
  for (const stage of stages) {
    const last = groups[groups.length - 1];
    if (last && last.rounds === stage.rounds) last.stages.push(stage);
    else groups.push({ rounds: stage.rounds, stages: [stage] });
  }
  return groups;
}

/** How many times a stage is run. */
export const timesOf = ({ rounds }: Pick<TileStage, "rounds">): number => rounds?.count ?? 1;

/** Stages in the order in which they are run, each as often as that. */
export function inOrder<S extends Pick<TileStage, "rounds">>(stages: readonly S[]): S[] {
  return stageGroups(stages).flatMap((group) =>
    Array.from({ length: group.rounds?.count ?? 1 }, () => group.stages).flat(),
  );
}
