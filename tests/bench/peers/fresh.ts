// What only a fresh process can tell: node fresh.js start | hw4 | own | residual | plan WORKLOAD | profile WORKLOAD. Prints one line
// of JSON.
// The library is imported below, because the time of its import is part of what is measured; whoever looks inside takes
// it module by module.
import type { Phase } from "@gradbook/core/internal";
import { median } from "../bench.js";
import { workloads } from "../workloads.js";

const [what, id = "W1"] = process.argv.slice(2);
const began = performance.now();
const inside = what === "plan" || what === "profile";
const library = inside ? await import("gradbook") : await import("gradbook");
const { arrayDataset, fit, lastEpoch, sgd, softmaxCrossEntropy } = library;
const { buildModel, buildOptimizer } = await import("./models.js");
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
  fit(buildModel(library, workload), {
    train: images(1000),
    optimizer: buildOptimizer(library, workload),
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
    const run = fit(buildModel(library, workload), {
      train,
      test,
      optimizer: buildOptimizer(library, workload),
      batch,
      epochs: 15,
    });
    milliseconds[batch] = performance.now() - since;
    if (lastEpoch(run).epoch !== 15) throw new Error("fewer than 15 epochs");
  }
  return { milliseconds, residentMiB: process.resourceUsage().maxRSS / 1024 };
}

/**
 * What code of one's own costs: hw4's time at batch 10 with a loss, a rule, an augmentation written by hand, as a multiple
 * of the built-in run's; the same arithmetic, in turns, the best of seven rounds each.
 */
function own(): object {
  console.info = () => {};
  const [train, one] = [images(1000), images(10)];
  const optimizer = sgd({ lr: 0.001 });
  const variants = {
    builtIn: {},
    loss: { loss: { ...softmaxCrossEntropy() } },
    rule: { optimizer: { ...optimizer } },
    onStep: { onStep: () => {} },
    augment: { augment: () => {} },
  };
  const best: Record<string, number> = {};
  for (let round = 0; round < 8; round++)
    for (const [name, more] of Object.entries(variants)) {
      const since = performance.now();
      fit(buildModel(library, workload), {
        train,
        trainSample: one,
        optimizer,
        batch: 10,
        epochs: 8,
        ...more,
      });
      // the first round warms up
      if (round > 0) best[name] = Math.min(best[name] ?? Number.POSITIVE_INFINITY, performance.now() - since);
    }
  return Object.fromEntries(Object.entries(best).map(([name, ms]) => [name, ms / best.builtIn]));
}

/**
 * What the skips of three residual blocks cost: the time of an epoch as a multiple of that of the same layers without them, in
 * turns, the best of seven rounds each.
 */
function residual(): object {
  const { batchNorm2d, conv2d, flatten, linear, relu, residual: block, sequential } = library;
  const conv = (from: number) => conv2d({ in: from, out: 16, kernel: 3, pad: 1, bias: false });
  const norm = () => batchNorm2d({ features: 16 });
  const body = () => [conv(16), norm(), relu(), conv(16), norm()];
  const model = (skip: boolean) =>
    sequential(
      [
        ...[conv(workload.input[0]), relu()],
        ...[1, 2, 3].flatMap(() => [skip ? block(body()) : body(), relu()]),
        ...[flatten(), linear({ in: 16 * workload.input[1] * workload.input[2], out: 10 })],
      ],
      { input: workload.input },
    );
  const [train, one] = [images(320), images(10)];
  const best = { plain: Number.POSITIVE_INFINITY, skip: Number.POSITIVE_INFINITY };
  for (let round = 0; round < 8; round++)
    for (const way of ["plain", "skip"] as const) {
      const since = performance.now();
      fit(model(way === "skip"), {
        train,
        trainSample: one,
        optimizer: sgd({ lr: 0.01 }),
        batch: 32,
        epochs: 1,
      });
      // the first round warms up
      if (round > 0) best[way] = Math.min(best[way], performance.now() - since);
    }
  return { times: best.skip / best.plain };
}

/** Milliseconds in which a model is planned: layout, kernels, their compilation, memory, threads told of it. */
async function plan(): Promise<object> {
  const { makeTrainer } = await import("@gradbook/core/internal");
  const batch = workload.batches[workload.batches.length - 1];
  const [model, train, optimizer] = [
    buildModel(library, workload),
    images(batch),
    buildOptimizer(library, workload),
  ];
  const since = performance.now();
  makeTrainer(model, { train, optimizer, loss: softmaxCrossEntropy(), batch, seed: 0 });
  return { milliseconds: performance.now() - since };
}

/** Where one thread spends a training step: milliseconds of each kind of phase, the median of twenty steps. */
async function profile(): Promise<object> {
  const { Machine } = await import("@gradbook/core/internal");
  const run = Machine.prototype.run;
  let step: Record<string, number> = {};
  Machine.prototype.run = function (this: InstanceType<typeof Machine>, phase, ...rest) {
    const since = performance.now();
    run.call(this, phase, ...rest);
    const kind = kindOf(this.phases[phase]);
    step[kind] = (step[kind] ?? 0) + performance.now() - since;
  };
  const batch = workload.batches[workload.batches.length - 1];
  const steps: Record<string, number>[] = [];
  fit(buildModel(library, workload), {
    train: images(25 * batch),
    trainSample: images(batch),
    optimizer: buildOptimizer(library, workload),
    batch,
    epochs: 1,
    threads: 1,
    onStep: () => {
      steps.push(step);
      step = {};
    },
  });
  const kinds = Object.keys(steps[steps.length - 1]);
  // the first steps warm up, and the first of them holds the evaluation before it
  return Object.fromEntries(kinds.map((kind) => [kind, median(steps.slice(5).map((s) => s[kind] ?? 0))]));
}

function kindOf(phase: Phase): string {
  if (phase.parallel !== "tasks") return "other layers, loss";
  if (phase.name === "update") return "optimizer";
  return /(pack|blocks)$/.test(phase.name) ? "packing" : "products";
}

const measures: Readonly<Record<string, () => object | Promise<object>>> = {
  start,
  hw4,
  own,
  residual,
  plan,
  profile,
};
process.stdout.write(`${JSON.stringify(await measures[what]())}\n`);
