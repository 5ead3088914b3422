import { adam, conv2d, convTranspose2d, fit, mse, reconstruction, relu, sequential } from "gradbook";
import { digits } from "./small.js";

// the target is the input itself, through a bottleneck of 2×7×7 numbers
const train = reconstruction(digits().train);
const half = { kernel: 4, stride: 2, pad: 1 };
const down = [conv2d({ in: 1, out: 4, ...half }), relu(), conv2d({ in: 4, out: 2, ...half })];
const up = [convTranspose2d({ in: 2, out: 4, ...half }), relu(), convTranspose2d({ in: 4, out: 1, ...half })];
const model = sequential([...down, ...up], { input: [1, 28, 28], seed: 1 });
const { epochs } = fit(model, { train, loss: mse(), optimizer: adam({ lr: 0.01 }), batch: 10, epochs: 3 });
export const ok = epochs[3].trainLoss < 0.7 * epochs[0].trainLoss;
