import { arrayDataset } from "../datasets/array-dataset.js";
import type { Dataset } from "../datasets/dataset.js";
import { hw4Layers } from "../layers/hw4.test.helper.js";
import { linear } from "../layers/linear.js";
import { relu } from "../layers/relu.js";
import { sequential } from "../layers/sequential.js";
import { softmaxCrossEntropy } from "../losses/softmax-cross-entropy.js";
import { adam } from "../optimizers/adam.js";
import { sgd } from "../optimizers/sgd.js";
import { sizeOf } from "../tensor/shape.js";
import { engineTrainer } from "./engine.js";

/** Prints what engine-memory.test.ts measures: `heap`, `resident` or `models`. */
const megabytes = (): number => Math.round(process.memoryUsage().rss / 1048576);

function samples(size: number, shape: readonly number[]): Dataset {
  const floats = sizeOf(shape);
  const x = Float32Array.from(
    { length: size * floats },
    (_, i) => ((i % floats) + Math.floor(i / floats)) % 2,
  );
  return arrayDataset(x, new Uint8Array(size), shape, { classNames: [..."0123456789"] });
}

const hw4 = () => sequential(hw4Layers(), { input: [1, 28, 28], seed: 1 });

function stepper(batch: number, threads: number): (steps: number) => number {
  const train = samples(200, [1, 28, 28]);
  const config = {
    loss: softmaxCrossEntropy(),
    optimizer: sgd({ lr: 1e-5 }),
    train,
    batch,
    seed: 0,
    threads,
  };
  const trainer = engineTrainer(hw4(), config);
  const order = Uint32Array.from({ length: train.size }, (_, i) => i);
  trainer.begin(1, order);
  let step = 0;
  return (steps) => {
    let sum = 0;
    for (let i = 0; i < steps; i++) sum += trainer.step(0, batch, 1e-5, ++step);
    return sum;
  };
}

async function heap(): Promise<number[]> {
  const found: number[] = [];
  for (const batch of [1, 10, 32]) {
    const run = stepper(batch, 2);
    // until everything is optimized
    for (let i = 0; i < 4; i++) {
      run(1000);
      await new Promise((done) => setTimeout(done, 20));
    }
    // what a step allocates it allocates in every window; the compiler's own work and a collection are in some only
    const growth = Array.from({ length: 9 }, () => {
      const before = process.memoryUsage().heapUsed;
      run(500);
      return (process.memoryUsage().heapUsed - before) / 500;
    });
    found.push(Math.min(...growth.filter((bytes) => bytes >= 0)));
  }
  return found;
}

function resident(): number[] {
  const run = stepper(10, 2);
  run(2000);
  const first = megabytes();
  run(10000);
  return [first, megabytes()];
}

async function models(): Promise<number[]> {
  let most = 0;
  for (let i = 0; i < 10; i++) {
    const layers = [linear({ in: 3072, out: 1500 }), relu(), linear({ in: 1500, out: 10 })];
    const model = sequential(layers, { input: [3072], init: "zeros" });
    const train = samples(64, [3072]);
    const config = { loss: softmaxCrossEntropy(), optimizer: adam(), train, batch: 64, seed: 0, threads: 3 };
    const trainer = engineTrainer(model, config);
    const order = Uint32Array.from({ length: 64 }, (_, n) => n);
    trainer.begin(1, order);
    for (let step = 1; step <= 2; step++) trainer.step(0, 64, 0.001, step);
    trainer.dispose();
    most = Math.max(most, megabytes());
  }
  return [most];
}

const result = { heap, resident, models }[process.argv[2]];
if (result !== undefined) console.log((await result()).join(" "));
