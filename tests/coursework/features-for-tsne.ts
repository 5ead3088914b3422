import { features, neighbourPurity, tsne } from "gradbook";
import { digits, smallNet, trained } from "./small.js";

const { train, test } = digits();
const model = smallNet();
trained(model, { train, epochs: 3 });
const hidden = features(model, test, "relu2"); // [N, 32], as fast as predict
const map = tsne(hidden, { perplexity: 10, iterations: 250, seed: 1 });
export const ok = neighbourPurity(map.points, test.labels) > 0.3;
