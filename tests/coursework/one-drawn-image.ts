import { predict } from "gradbook";
import { digits, smallNet, trained } from "./small.js";

const model = smallNet();
trained(model, { train: digits().train, epochs: 3 });
// 784 numbers in [0, 1], as a canvas gives them, row by row: a vertical stroke
const drawn = Float32Array.from({ length: 784 }, (_, i) =>
  i % 28 > 12 && i % 28 < 16 && i > 112 && i < 672 ? 1 : 0,
);
const { classes, probabilities } = predict(model, drawn);
export const ok = classes.length === 1 && probabilities.shape.join() === "1,10";
