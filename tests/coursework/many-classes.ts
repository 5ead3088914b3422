import { arrayDataset, fit, lastEpoch, linear, sequential, sgd } from "gradbook";

const labels = Array.from({ length: 600 }, (_, i) => i % 300);
const train = arrayDataset(
  Float32Array.from({ length: 1200 }, (_, i) => labels[Math.floor(i / 2)] / 300),
  labels,
  [2],
);
const model = sequential([linear({ in: 2, out: 300 })], { input: [2], seed: 1 });
export const ok = lastEpoch(fit(model, { train, optimizer: sgd({ lr: 0.1 }), epochs: 1 })).trainLoss > 0;
