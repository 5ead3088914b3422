import { batches, sgd, trainer } from "gradbook";
import { digits, smallNet } from "./small.js";

const { train } = digits();
const model = smallNet();
const step = trainer(model, { train, optimizer: sgd({ lr: 0.05 }), batch: 20 });
const losses: number[] = [];
for (let epoch = 1; epoch <= 2; epoch++)
  for (const batch of batches(train, { size: 20, epoch })) {
    step.forward(batch);
    losses.push(step.loss());
    step.backward(); // gradients stand in model.parameters: look at them, change them
    for (const { parameter } of model.parameters) {
      const { data } = parameter.grad;
      for (let i = 0; i < data.length; i++) data[i] = Math.sign(data[i]);
    }
    step.update(0.002);
  }
step.end();
export const ok = losses[losses.length - 1] < losses[0];
