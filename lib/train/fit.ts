import { GradbookError } from "../errors/error.js";
import { parseCount } from "../layers/config.js";
import type { Sequential } from "../layers/sequential.js";
import { softmaxCrossEntropy } from "../losses/softmax-cross-entropy.js";
import { constant } from "../schedules/schedule.js";
import { Rng } from "../tensor/rng.js";
import { assertFits } from "./assert-fits.js";
import { assertWritable } from "./checkpoint.js";
import { assertConfig, type FitConfig } from "./fit-config.js";
import type { Ending, Run } from "./history.js";
import { stopRequested } from "./interrupt.js";
import { makeTrainer } from "./make-trainer.js";
import { Recorder } from "./recorder.js";

export type { FitConfig } from "./fit-config.js";

/**
 * Trains a model and returns its history. A synchronous call: no await, and the stop button ends it between two
 * batches with the history kept.
 *
 *     const run = fit(model, { train, test, optimizer: sgd({ lr: 0.01, momentum: 0.9 }), batch: 10, epochs: 15 });
 *
 * The same model, data and seed give the same bits, and the same `run.digest`, on every machine.
 * @throws GradbookError when data and model do not fit, the checkpoint cannot be written, or the loss is no longer
 *   a number
 */
export function fit(model: Sequential, config: FitConfig): Run {
  assertConfig(model, config);
  const { train, test, optimizer, schedule = constant, shuffle = true, seed = 0 } = config;
  const loss = config.loss ?? softmaxCrossEntropy();
  const batch = parseCount("fit", "batch", config.batch ?? 32);
  const epochs = parseCount("fit", "epochs", config.epochs ?? 15, 0);
  const limit = parseCount("fit", "steps", config.steps ?? Number.MAX_SAFE_INTEGER);
  for (const key of ["evaluateEvery", "checkpointEvery"] as const) {
    const every = config[key];
    if (every !== undefined) parseCount("fit", key, every);
  }
  for (const set of [train, config.trainSample ?? train, test ?? train]) assertFits("fit", model, set);

  if (config.checkpoint !== undefined) assertWritable(config.checkpoint);
  const recorder = new Recorder(model, config, loss, batch, seed);
  const saved = recorder.resume();
  const { threads } = config;
  const trainer = makeTrainer(model, {
    loss,
    optimizer,
    train,
    batch,
    seed,
    ...(threads === undefined ? {} : { threads }),
  });
  try {
    if (saved !== undefined) trainer.writeState(saved.state);
    const order = Uint32Array.from({ length: train.size }, (_, i) => i);
    const randomness = new Rng(seed).fork("shuffle");
    const stepsOfEpoch = Math.ceil(train.size / batch);
    let ending: Ending = saved?.ending === "stopped early" ? "stopped early" : "finished";
    if (saved === undefined && recorder.record(0, trainer) === "stop") ending = "stopped early";
    const first = Math.floor(recorder.steps / stepsOfEpoch);
    for (let epoch = first + 1; epoch <= epochs && ending === "finished"; epoch++) {
      if (shuffle) shuffled(order, randomness.fork(epoch));
      const lr = rateOf(epoch, schedule(epoch, optimizer.spec.lr));
      let passed = batch * (recorder.steps - (epoch - 1) * stepsOfEpoch);
      while (passed < train.size && recorder.steps < limit) {
        if (stopRequested()) {
          ending = "interrupted";
          break;
        }
        const to = Math.min(passed + batch, train.size);
        recorder.recordStep(trainer.step(order, passed, to, lr, recorder.steps + 1), epoch, trainer);
        passed = to;
      }
      const reached = epoch - 1 + passed / train.size;
      // nothing was done: the limit was reached before, or a finished run was resumed
      if (ending !== "finished" || reached === recorder.lastEpoch) break;
      if (recorder.record(reached, trainer) === "stop") ending = "stopped early";
      recorder.save(trainer, ending);
      if (recorder.steps >= limit) break;
    }
    if (ending === "interrupted") recorder.save(trainer, ending);
    trainer.sync();
    return recorder.run(ending);
  } finally {
    trainer.dispose();
  }
}

/** Fisher–Yates over the identity: an epoch's order depends on its own stream alone, not on the epochs before. */
function shuffled(order: Uint32Array, rng: Rng): void {
  for (let i = 0; i < order.length; i++) order[i] = i;
  rng.shuffle(order);
}

function rateOf(epoch: number, lr: number): number {
  if (Number.isFinite(lr)) return lr;
  throw new GradbookError({
    code: "config",
    what: `fit, epoch ${epoch}`,
    got: `schedule returned ${String(lr)}`,
    expected: "a learning rate, a finite number",
  });
}
