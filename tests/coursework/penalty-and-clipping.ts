import { sgd } from "gradbook";
import { digits, smallNet, trained } from "./small.js";

// λ·Σ|w| as a part of the rule, and gradients scaled down to a norm of 1
const model = smallNet();
const optimizer = sgd({ lr: 0.05, momentum: 0.9, l1: 0.01 });
trained(model, { train: digits().train, optimizer, clip: { norm: 1 }, epochs: 3 });
const weights = model.parameters.flatMap(({ parameter }) => Array.from(parameter.value.data));
const plain = smallNet();
trained(plain, { train: digits().train, optimizer: sgd({ lr: 0.05, momentum: 0.9 }), epochs: 3 });
const size = (list: number[]) => list.reduce((sum, v) => sum + Math.abs(v), 0);
const plainWeights = plain.parameters.flatMap(({ parameter }) => Array.from(parameter.value.data));
export const ok = size(weights) < size(plainWeights);
