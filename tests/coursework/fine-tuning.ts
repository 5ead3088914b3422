import { linear, sequential } from "gradbook";
import { digits, smallNet, trained } from "./small.js";

// learn ten digits, then tell small ones from large ones with the same trunk and a new head
const { train } = digits();
const first = smallNet();
trained(first, { train, epochs: 2 });
const trunk = first.layers.slice(0, -1).map(({ layer }) => layer);
for (const layer of trunk) layer.trainable = false;
const model = sequential([...trunk, linear({ in: 32, out: 10 })], { input: [1, 28, 28], seed: 2 });
const run = trained(model, { train, epochs: 2 });
export const ok = run.epochs[2].trainLoss < run.epochs[0].trainLoss;
