import {
  binaryCrossEntropy,
  fit,
  lastEpoch,
  linear,
  outputs,
  rocAuc,
  sequential,
  sgd,
  targetDataset,
} from "gradbook";

// one output, a logit: above 0 says yes
const x = Float32Array.from({ length: 80 }, (_, i) => ((i * 37) % 80) / 40 - 1);
const answers = Float32Array.from({ length: 40 }, (_, i) => (x[2 * i] > x[2 * i + 1] ? 1 : 0));
const train = targetDataset(x, answers, [2]);
const model = sequential([linear({ in: 2, out: 1 })], { input: [2], seed: 1 });
const run = fit(model, { train, loss: binaryCrossEntropy(), optimizer: sgd({ lr: 1 }), epochs: 40 });
export const ok = lastEpoch(run).trainError < 0.1 && rocAuc(outputs(model, train), answers) > 0.95;
