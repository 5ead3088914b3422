import { arrayDataset, conv1d, fit, flatten, lastEpoch, linear, maxPool1d, sequential, sgd } from "gradbook";

// is the wave fast or slow? 40 waves of 32 numbers
const speeds = Array.from({ length: 40 }, (_, i) => i % 2);
const waves = speeds.flatMap((speed) =>
  Array.from({ length: 32 }, (_, t) => Math.sin((t * (1 + speed)) / 2)),
);
const train = arrayDataset(Float32Array.from(waves), speeds, [1, 32]);
const conv = conv1d({ in: 1, out: 4, kernel: 5, pad: 2 });
const layers = [conv, maxPool1d({ kernel: 4 }), flatten(), linear({ in: 32, out: 2 })];
const model = sequential(layers, { input: [1, 32], seed: 1 });
const run = fit(model, { train, optimizer: sgd({ lr: 0.1 }), batch: 8, epochs: 10 });
export const ok = lastEpoch(run).trainError === 0;
