import { type Dataset, fit, lastEpoch, linear, sequential, sgd } from "gradbook";

// two spirals, made when they are asked for
const spirals: Dataset = {
  ...{ name: "spirals", source: "a formula", size: 200, shape: [2], classes: 2 },
  ...{ classNames: ["one", "other"], labels: Uint8Array.from({ length: 200 }, (_, i) => i % 2), digest: "" },
  cacheable: true,
  read(index, out, offset) {
    const [angle, sign] = [index / 30, index % 2 === 0 ? 1 : -1];
    out[offset] = sign * angle * Math.cos(angle);
    out[offset + 1] = sign * angle * Math.sin(angle);
  },
  subset: () => spirals,
};
const model = sequential([linear({ in: 2, out: 2 })], { input: [2], seed: 1 });
export const ok =
  lastEpoch(fit(model, { train: spirals, optimizer: sgd({ lr: 0.1 }), epochs: 3 })).trainError <= 1;
