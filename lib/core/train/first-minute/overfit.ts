import { GradbookError } from "@gradbook/base";
import type { Dataset } from "../../datasets/dataset.js";
import { adam } from "../../optimizers/adam.js";
import { fit } from "../fit.js";
import { lastEpoch } from "../history.js";
import { type CheckLine, number, percent } from "./panel.js";
import type { ModelSnapshot } from "./snapshot.js";

/** Images that every sound model learns by heart. */
const images = 10;
const rounds = 120;

/**
 * Ten images must be learnt by heart in a few seconds: when they are not, forward, backward and loss do not belong
 * together. Adam is used whatever the optimizer of the run is, so that only the model is on trial.
 * @param restore puts the model's weights back
 */
export function checkOverfit({ model, data, loss, seed }: ModelSnapshot, restore: () => void): CheckLine {
  const check = "ten images by heart";
  const few = tenImages(data);
  for (const lr of [0.003, 0.0003]) {
    restore();
    try {
      const run = fit(model, {
        train: few,
        loss,
        optimizer: adam({ lr }),
        batch: images,
        epochs: rounds,
        seed,
      });
      const { trainError, trainLoss } = lastEpoch(run);
      if (trainError === 0) {
        const first = run.epochs.find((e) => e.trainError === 0)?.epoch ?? rounds;
        return { check, verdict: "good", words: `all of ${few.size} known after ${first} steps.`, cure: "" };
      }
      if (lr === 0.0003)
        return {
          check,
          verdict: "bad",
          words: `after ${rounds} steps ${percent(trainError)} are still wrong, loss ${number(trainLoss)}.`,
          cure: "The gradient does not belong to the loss: diagnose your own layers, look for dead units, a ReLU on the outputs, or labels in another order.",
        };
    } catch (error) {
      if (!(error instanceof GradbookError)) throw error;
      if (lr === 0.0003)
        return {
          check,
          verdict: "bad",
          words: `training breaks off: ${error.message}`,
          cure: "Look at the lines above first.",
        };
    }
  }
  return { check, verdict: "look", words: "not tried.", cure: "" };
}

/** One of each class as far as they go. */
function tenImages(data: Dataset): Dataset {
  const chosen: number[] = [];
  const taken = new Array<number>(data.classes).fill(0);
  for (let limit = 1; chosen.length < Math.min(images, data.size); limit++)
    for (let i = 0; i < data.size && chosen.length < images; i++) {
      if (taken[data.labels[i]] >= limit || chosen.includes(i)) continue;
      taken[data.labels[i]]++;
      chosen.push(i);
    }
  return data.subset(chosen, "ten images");
}
