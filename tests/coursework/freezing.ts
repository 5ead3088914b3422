import { weightsDigest } from "gradbook";
import { digits, smallNet, trained } from "./small.js";

const model = smallNet();
const trunk = () => Array.from(Object(model.layer("conv1")).params.weight.value.data).join();
const before = [trunk(), weightsDigest(model)];
model.layer("conv1").trainable = false;
trained(model, { train: digits().train, epochs: 1 });
export const ok = trunk() === before[0] && weightsDigest(model) !== before[1];
