import { createHash } from "node:crypto";
import { contentDigest } from "../datasets/samples.js";
import { firstFields, plainFields } from "../layers/fields.js";
import { builtinSpec, type Layer } from "../layers/layer.js";
import type { Sequential } from "../layers/sequential.js";
import { builtinLossSpec, lossName, reductionOf } from "../losses/loss.js";
import { builtinOptimizerSpec } from "../optimizers/optimizer.js";
import { describeSchedule } from "../schedules/schedule.js";
import { weightsDigest } from "./digest.js";
import { trainableFlags } from "./engine-layers.js";
import type { ParsedFitConfig } from "./fit-config.js";

/** Everything that decides the bits of a run and can be told without its code, as plain data: it begins the digest chain. */
export function describeRun(model: Sequential, config: ParsedFitConfig): object {
  const { loss, batch, seed, optimizer, clip, shuffle, dropLast, schedule, augment } = config;
  const { kind, lr } = optimizer.spec;
  return {
    layers: model.layers.map(({ name, layer }) => ({ name, ...(builtinSpec(layer) ?? { kind: "custom" }) })),
    input: model.input,
    dtype: model.dtype,
    trainable: trainableFlags(model),
    loss: builtinLossSpec(loss) ?? { kind: "custom", name: lossName(loss), reduction: reductionOf(loss) },
    optimizer: builtinOptimizerSpec(optimizer) ?? { kind: "custom", name: kind, lr },
    ...(clip !== undefined && { clip }),
    batch,
    seed,
    shuffle,
    dropLast,
    schedule: describeSchedule(schedule) ?? "custom",
    augment: augment !== undefined,
  };
}

/**
 * What has to be the same for a checkpoint to be gone on from, each under the name that an error calls it by. To what the
 * digest chain begins with comes the code written by hand: its text, and the numbers in its fields.
 */
export function identityOf(model: Sequential, config: ParsedFitConfig): Readonly<Record<string, string>> {
  const { train, test, trainSample, evaluateEvery, loss, optimizer, schedule, augment } = config;
  const described = Object.entries(describeRun(model, config)).map(([name, value]) => [
    name,
    JSON.stringify(value),
  ]);
  const byHand = model.layers
    .filter(({ layer }) => builtinSpec(layer) === undefined)
    .map(({ name, layer }) => [`the code of ${name}`, layerText(layer)]);
  const identity: Record<string, string> = {
    ...Object.fromEntries(described),
    ...Object.fromEntries(byHand),
    "initial weights": weightsDigest(model),
    "training set": contentDigest(train),
    "test set": test === undefined ? "" : contentDigest(test),
    trainSample: trainSample === undefined ? "" : contentDigest(trainSample),
    evaluateEvery: String(evaluateEvery),
    "the code of the loss": builtinLossSpec(loss) === undefined ? codeOf(loss) : "",
    "the code of the optimizer": builtinOptimizerSpec(optimizer) === undefined ? codeOf(optimizer) : "",
    schedule:
      describeSchedule(schedule) ?? String(typeof schedule === "function" ? schedule : codeOf(schedule)),
    augment: augment === undefined ? "" : String(augment),
  };
  return Object.fromEntries(Object.entries(identity).map(([name, text]) => [name, sha256(text)]));
}

/** Names of what differs between two runs, in words. */
export function differences(
  a: Readonly<Record<string, string>>,
  b: Readonly<Record<string, string>>,
): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((name) => a[name] !== b[name]);
}

/** The text of an object's functions and of its classes', and the numbers and texts in its fields. */
function codeOf(object: object): string {
  return [...functionsOf(object), ...[...plainFields(object)].map(([name, text]) => `${name} ${text}`)].join(
    "\n",
  );
}

function functionsOf(object: object): readonly string[] {
  const parts: string[] = [];
  for (let holder: object | null = object; holder !== null && holder !== Object.prototype; ) {
    for (const [name, { value, get, set }] of Object.entries(Object.getOwnPropertyDescriptors(holder)))
      for (const code of [value, get, set]) if (typeof code === "function") parts.push(`${name} ${code}`);
    holder = Object.getPrototypeOf(holder);
  }
  return parts;
}

/** What a layer was made as: its functions, and its fields before it ran for the first time. */
function layerText(layer: Layer): string {
  return [...functionsOf(layer), ...firstFields(layer)].join("\n");
}

function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
