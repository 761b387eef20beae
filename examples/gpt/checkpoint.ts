/**
 * A run on disk: one safetensors file with the weights, the optimiser's state, the key that draws the batches and the losses so
 * far; the rest is in its metadata. A run that goes on from it gives bit by bit the losses of one that was never stopped.
 */
import { readFileSync, renameSync } from "node:fs";
import { numpy as np, random } from "tilework";
import { readSafetensors, writeSafetensors } from "tilework/io";
import type { ModelConfig } from "./model.js";
import { UserError } from "./options.js";
import { writeOutput } from "./output.js";
import { initState, type TrainConfig, type TrainState } from "./train.js";

export interface Run {
  readonly seed: number;
  readonly model: ModelConfig;
  readonly train: TrainConfig;
  /** The characters that the model knows; a character's place is its number. */
  readonly vocabulary: readonly string[];
  /** Tells whether a text is the one that was learnt from. */
  readonly text: string;
  state: TrainState;
  /** The loss of every step so far; their count is the step. */
  readonly losses: number[];
  /** Held-out losses with the step after which they were measured. */
  readonly heldOut: [step: number, loss: number][];
}

export async function saveRun(path: string, run: Run): Promise<void> {
  const { state, losses, heldOut, ...facts } = run;
  const tensors = {
    params: state.params,
    optimizer: state.optimizer,
    key: random.keyData(state.key),
    losses: np.array(Float32Array.from(losses)),
  };
  const metadata = {
    format: "tilework-gpt-1",
    step: String(losses.length),
    run: JSON.stringify({ ...facts, heldOut }),
  };
  const bytes = await writeSafetensors(tensors, { metadata });
  // a crash in the middle of writing must not cost the checkpoint that was there before
  writeOutput(`${path}.part`, bytes);
  renameSync(`${path}.part`, path);
}

/** The run at a path. `trainSteps`: another length for the whole run than it was begun with. */
export function loadRun(path: string, trainSteps?: number): Run {
  const bytes = readCheckpoint(path);
  try {
    return decodeRun(bytes, trainSteps);
  } catch {
    throw new UserError(`${path} is damaged, or no checkpoint of this example.`);
  }
}

function decodeRun(bytes: Uint8Array, trainSteps: number | undefined): Run {
  const { metadata, tensors } = readSafetensors(bytes);
  if (metadata.format !== "tilework-gpt-1") throw new Error("another format");
  const facts = JSON.parse(metadata.run) as Omit<Run, "state" | "losses">;
  const train = { ...facts.train, steps: trainSteps ?? facts.train.steps };
  // a state of the right structure says where each tensor belongs
  const { params, optimizer } = initState(facts.seed, facts.model, train);
  const { tensors: saved } = readSafetensors(bytes, { like: { params, optimizer } });
  const state = { ...saved, key: random.wrapKeyData(tensors["key"]) };
  return { ...facts, train, state, losses: [...tensors["losses"].dataSync()] as number[] };
}

function readCheckpoint(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch {
    throw new UserError(`There is no checkpoint ${path} to resume from.`);
  }
}
