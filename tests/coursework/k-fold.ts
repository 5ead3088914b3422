import { evaluate, kFold, meanInterval } from "gradbook";
import { digits, smallNet, trained } from "./small.js";

// five models, each judged on samples that it has not seen
const errors = kFold(digits().train, { folds: 5, seed: 1 }).map(({ train, validation }) => {
  const model = smallNet();
  trained(model, { train, epochs: 1 });
  return evaluate(model, validation).error;
});
const { mean, low, high } = meanInterval(errors);
export const ok = errors.length === 5 && low <= mean && mean <= high;
