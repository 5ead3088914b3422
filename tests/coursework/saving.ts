import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadModel, predict, saveModel } from "gradbook";
import { digits, smallNet, trained } from "./small.js";

const { train, test } = digits();
const model = smallNet();
trained(model, { train, epochs: 1 });
const path = join(mkdtempSync(join(tmpdir(), "gradbook-test-")), "digits.safetensors");
saveModel(model, path); // PyTorch can read it, too
const again = loadModel(path);
export const ok = predict(again, test).classes.join() === predict(model, test).classes.join();
