import { adam, fit, linear, mse, outputs, relu, rSquared, sequential, targetDataset } from "gradbook";

const x = Float32Array.from({ length: 64 }, (_, i) => i / 32 - 1);
const y = x.map((v) => v * v);
const train = targetDataset(x, y, [1]);
const layers = [linear({ in: 1, out: 16 }), relu(), linear({ in: 16, out: 1 })];
const model = sequential(layers, { input: [1], seed: 1 });
const { epochs } = fit(model, { train, loss: mse(), optimizer: adam({ lr: 0.02 }), epochs: 60 });
// the error is an RMSE, in y's own unit
export const ok = epochs[60].measure === "RMSE" && rSquared(outputs(model, train), y) > 0.9;
