// What only a fresh process can tell: node fresh.js start | hw4 | plan WORKLOAD. Prints one line of JSON.
// "gradbook" is imported inside the functions, because the time of its import is part of what is measured.
import { workloads } from "../workloads.js";

const [what, id = "W1"] = process.argv.slice(2);
const began = performance.now();
const { arrayDataset, fit, lastEpoch, softmaxCrossEntropy } = await import("gradbook");
const { buildModel, buildOptimizer } = await import("./gradbook.js");
const workload = workloads.find((w) => w.id === id) ?? workloads[0];

/** Images that cost no time to make: a ramp of grey values, shifted from image to image. */
function images(count: number) {
  const size = workload.input.reduce((product, n) => product * n, 1);
  const x = new Float32Array(count * size);
  for (let i = 0; i < x.length; i++) x[i] = ((i * 7919) % 256) / 255;
  return arrayDataset(
    x,
    Array.from({ length: count }, (_, i) => i % 10),
    workload.input,
  );
}

/** Milliseconds from the import to the end of the first training step, the evaluation of epoch 0 included. */
function start(): object {
  let first = 0;
  fit(buildModel(workload), {
    train: images(1000),
    optimizer: buildOptimizer(workload),
    batch: 10,
    epochs: 1,
    steps: 1,
    onStep: () => {
      first = performance.now() - began;
    },
  });
  return { milliseconds: first };
}

/** hw4: 15 epochs of 1,000 images with both error rates after each, for each batch size; memory at the end. */
function hw4(): object {
  const [train, test] = [images(1000), images(100)];
  const milliseconds: Record<string, number> = {};
  for (const batch of workload.batches) {
    const since = performance.now();
    const run = fit(buildModel(workload), {
      train,
      test,
      optimizer: buildOptimizer(workload),
      batch,
      epochs: 15,
    });
    milliseconds[batch] = performance.now() - since;
    if (lastEpoch(run).epoch !== 15) throw new Error("fewer than 15 epochs");
  }
  return { milliseconds, residentMiB: process.resourceUsage().maxRSS / 1024 };
}

/** Milliseconds in which a model is planned: layout, kernels, their compilation, memory, threads told of it. */
async function plan(): Promise<object> {
  const { makeTrainer } = await import("#lib/train/make-trainer.js");
  const batch = workload.batches[workload.batches.length - 1];
  const [model, train, optimizer] = [buildModel(workload), images(batch), buildOptimizer(workload)];
  const since = performance.now();
  makeTrainer(model, { train, optimizer, loss: softmaxCrossEntropy(), batch, seed: 0 });
  return { milliseconds: performance.now() - since };
}

const measures: Readonly<Record<string, () => object | Promise<object>>> = { start, hw4, plan };
process.stdout.write(`${JSON.stringify(await measures[what]())}\n`);
