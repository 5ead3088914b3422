import { stopRequested } from "@gradbook/base";
import type { Sequential } from "../layers/sequential.js";
import { Rng } from "../tensor/rng.js";
import { assertAlike, assertFits } from "./assert-fits.js";
import { assertBatchNorm, cutIntoBatches } from "./batches.js";
import { assertWritable } from "./checkpoint.js";
import { type FitConfig, parseFit } from "./fit-config.js";
import type { Ending, Run } from "./history.js";
import { makeTrainer } from "./make-trainer.js";
import { tellOfHandWork } from "./notes.js";
import { Rates } from "./rates.js";
import { Recorder } from "./recorder.js";

export type { FitConfig } from "./fit-config.js";

/**
 * Trains a model and returns its history. A synchronous call: no await, and the stop button ends it between two
 * batches with the history kept.
 *
 * The same model, data and seed give the same bits, and the same `run.digest`, on every machine.
 * An error, including one thrown by a callback or a layer of your own, loses no step: the model keeps the weights of the
 * last completed one, and so does the checkpoint, if there is one.
 * @param model changed in place: it holds the last epoch's weights
 * @throws GradbookError when data and model do not fit, the checkpoint cannot be written, or the loss is no longer
 *   a number
 *
 * @example
 * ```ts
 * import { arrayDataset, fit, lastEpoch, linear, sequential, sgd } from "gradbook";
 *
 * // four points [x, y] of two classes: is x larger than y?
 * const train = arrayDataset(Float32Array.of(1, 0, 0, 1, 2, 1, 1, 3), [0, 1, 0, 1], [2]);
 * const model = sequential([linear({ in: 2, out: 2 })], { input: [2], seed: 1 });
 * const run = fit(model, { train, optimizer: sgd({ lr: 0.5 }), batch: 2, epochs: 20 });
 * console.log(run.epochs.length); // 21
 * console.log(lastEpoch(run).trainError); // 0
 * ```
 */
export function fit(model: Sequential, config: FitConfig): Run {
  const parsed = parseFit(model, config);
  const { train, optimizer, loss, batch, epochs, steps: limit, seed, checkpoint, schedule } = parsed;
  for (const set of [train, parsed.trainSample, parsed.test])
    if (set !== undefined) assertFits("fit", model, set);
  assertAlike(train, parsed.trainSample, parsed.test);
  const cut = cutIntoBatches(train.size, batch, parsed.dropLast);
  if (epochs > 0) assertBatchNorm(model, train.size, cut, limit);

  const rates = new Rates(schedule, optimizer.spec.lr, cut.steps, Math.min(limit, epochs * cut.steps));
  const recorder = new Recorder(model, parsed, rates);
  const saved = recorder.resume();
  if (checkpoint !== undefined) {
    assertWritable(checkpoint);
    if (saved === undefined) recorder.warnOfOther(checkpoint);
  }
  tellOfHandWork(model, loss, optimizer);
  const trainer = makeTrainer(model, parsed);
  try {
    if (saved !== undefined) trainer.writeState(saved.state);
    const order = Uint32Array.from({ length: train.size }, (_, i) => i);
    const randomness = new Rng(seed).fork("shuffle");
    let ending: Ending = saved?.ending === "stopped early" ? "stopped early" : "finished";
    if (saved === undefined && recorder.record(0, trainer)) ending = "stopped early";
    const first = Math.floor(recorder.steps / cut.steps);
    for (let epoch = first + 1; epoch <= epochs && ending === "finished"; epoch++) {
      if (parsed.shuffle) shuffled(order, randomness.fork(epoch));
      recorder.beginEpoch(epoch, rates.ofEpoch(epoch, recorder.epochs));
      trainer.begin(epoch, order);
      let passed = batch * (recorder.steps - (epoch - 1) * cut.steps);
      while (passed < cut.used && recorder.steps < limit) {
        if (stopRequested()) {
          ending = "interrupted";
          break;
        }
        const to = Math.min(passed + batch, cut.used);
        const step = recorder.steps + 1;
        const stepLoss = trainer.step(passed, to, rates.ofStep(step, epoch), step);
        passed = to;
        if (recorder.recordStep(stepLoss, epoch, cut.steps, trainer)) {
          ending = "stopped early";
          break;
        }
      }
      const reached = epoch - 1 + passed / cut.used;
      // nothing was done: the limit was reached before, or a finished run was resumed
      if (ending === "interrupted" || reached === recorder.lastEpoch) break;
      if (recorder.record(reached, trainer)) ending = "stopped early";
      recorder.save(trainer, ending);
      if (recorder.steps >= limit) break;
    }
    if (ending === "interrupted") recorder.save(trainer, ending);
    trainer.sync();
    if (ending !== "interrupted") recorder.end();
    return recorder.run(ending);
  } catch (error) {
    recorder.rescue(trainer, error);
    throw error;
  } finally {
    trainer.dispose();
  }
}

/** Fisher–Yates over the identity: an epoch's order depends on its own stream alone, not on the epochs before. */
function shuffled(order: Uint32Array, rng: Rng): void {
  for (let i = 0; i < order.length; i++) order[i] = i;
  rng.shuffle(order);
}
