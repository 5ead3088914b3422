import { cosineDecay, warmup } from "gradbook";
import { digits, smallNet, trained } from "./small.js";

// up in a straight line for 20 steps, then down along half a cosine to the run's end
const schedule = warmup({ steps: 20, next: cosineDecay() });
const run = trained(smallNet(), { train: digits().train, epochs: 3, schedule });
export const ok =
  run.ending === "finished" && schedule.perStep({ step: 10, steps: 60, epoch: 1 }, 0.1) === 0.05;
