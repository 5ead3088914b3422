import { earlyStop, evaluate } from "gradbook";
import { digits, smallNet, trained } from "./small.js";

// stops when the test loss has not fallen for three epochs, and gives the best epoch's weights back
const { train, test } = digits();
const model = smallNet();
const onEpoch = earlyStop({ watch: "testLoss", patience: 3, restoreBest: true });
const run = trained(model, { train, test, epochs: 12, lr: 0.2, onEpoch });
const best = Math.min(...run.epochs.map(({ testLoss }) => testLoss));
export const ok = evaluate(model, test).loss === best;
