// ConvNetJS 0.3.0, one image at a time, as it works. It has no average pooling (max-pooling stands in), no leaky ReLU
// (ReLU stands in) and no batch norm.
import { createRequire } from "node:module";
import { join } from "node:path";
import { imagesPerSecond, serve } from "./protocol.mjs";

const convnetjs = createRequire(join(process.argv[2], "package.json"))("convnetjs");
const activation = { relu: "relu", leakyRelu: "relu", tanh: "tanh" };

function definition({ input: [C, H, W], layers }) {
  const defs = [{ type: "input", out_sx: W, out_sy: H, out_depth: C }];
  for (const layer of layers) {
    if (layer.kind === "conv2d") {
      defs.push({ type: "conv", sx: layer.kernel, filters: layer.out, stride: 1, pad: layer.pad });
    } else if (layer.kind === "linear") defs.push({ type: "fc", num_neurons: layer.out });
    else if (layer.kind === "maxPool2d" || layer.kind === "avgPool2d") {
      defs.push({ type: "pool", sx: layer.kernel, stride: layer.stride, pad: layer.pad });
    } else if (layer.kind in activation) defs.at(-1).activation = activation[layer.kind];
    else if (layer.kind !== "flatten") throw new Error(`it has no ${layer.kind}`);
  }
  // its last fully connected layer is part of the softmax
  defs.pop();
  defs.push({ type: "softmax", num_classes: 10 });
  return defs;
}

function trainingStep(job) {
  const net = new convnetjs.Net();
  net.makeLayers(definition(job));
  const { kind, lr, momentum = 0, weightDecay = 0 } = job.optimizer;
  const trainer = new convnetjs.Trainer(net, {
    method: kind,
    learning_rate: lr,
    momentum,
    l2_decay: weightDecay,
    batch_size: job.batch,
    ...(kind === "adam" ? { beta1: 0.9, beta2: 0.999, eps: 1e-8 } : {}),
  });
  const [C, H, W] = job.input;
  const images = Array.from({ length: 16 }, () => {
    const image = new convnetjs.Vol(W, H, C, 0);
    for (let k = 0; k < image.w.length; k++) image.w[k] = Math.random();
    return image;
  });
  let turn = 0;
  return () => {
    for (let n = 0; n < job.batch; n++) trainer.train(images[++turn % 16], turn % 10);
  };
}

const steps = new Map();
await serve("ConvNetJS 0.3.0", (job) => {
  const key = `${job.workload} ${job.batch}`;
  if (!steps.has(key)) {
    steps.clear();
    steps.set(key, trainingStep(job));
  }
  return imagesPerSecond(steps.get(key), job.batch, job.seconds);
});
