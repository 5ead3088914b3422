import { binaryCrossEntropy, fit, lastEpoch, linear, sequential, sgd, targetDataset } from "gradbook";

// three yes-or-no answers about each point
const x = Float32Array.from({ length: 100 }, (_, i) => ((i * 29) % 100) / 50 - 1);
const answers = Float32Array.from({ length: 150 }, (_, i) => {
  const [a, b] = [x[2 * Math.floor(i / 3)], x[2 * Math.floor(i / 3) + 1]];
  return Number([a > 0, b > 0, a + b > 0][i % 3]);
});
const train = targetDataset(x, answers, [2]);
const model = sequential([linear({ in: 2, out: 3 })], { input: [2], seed: 1 });
const run = fit(model, { train, loss: binaryCrossEntropy(), optimizer: sgd({ lr: 1 }), epochs: 60 });
export const ok = lastEpoch(run).trainError < 0.1;
