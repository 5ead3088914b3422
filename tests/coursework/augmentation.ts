import { augmentations, flip, noise, shift } from "gradbook";
import { digits, smallNet, trained } from "./small.js";

// each image is another one in each epoch: moved, sometimes mirrored, with noise; the seed decides
const augment = augmentations([shift({ pixels: 2 }), flip({ p: 0.1 }), noise({ sigma: 0.02 })]);
const run = trained(smallNet(), { train: digits().train, augment, epochs: 2 });
const again = trained(smallNet(), { train: digits().train, augment, epochs: 2 });
export const ok = run.digest === again.digest;
