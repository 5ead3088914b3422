import { linear, lstm, sequential } from "gradbook";
import { digits, trained } from "./small.js";

// a row of the image is a step of the sequence
const { train } = digits();
const rows = {
  ...train,
  shape: [28, 28],
  read: train.read.bind(train),
  subset: () => rows,
  labels: train.labels,
};
const model = sequential([lstm({ in: 28, hidden: 16 }), linear({ in: 16, out: 10 })], {
  input: [28, 28],
  seed: 1,
});
const { epochs } = trained(model, { train: { ...rows, size: train.size, classes: 10 }, epochs: 2 });
export const ok = epochs[2].trainLoss < epochs[0].trainLoss;
