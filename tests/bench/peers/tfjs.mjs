// TensorFlow.js 4.22 in Node, its WebAssembly or its plain JavaScript backend: argv[3] is "wasm" or "cpu". NHWC, as it
// works.
import { createRequire } from "node:module";
import { join } from "node:path";
import { imagesPerSecond, serve } from "./protocol.mjs";

const require = createRequire(join(process.argv[2], "package.json"));
const backend = process.argv[3];
const tf = require("@tensorflow/tfjs");
if (backend === "wasm") require("@tensorflow/tfjs-backend-wasm");
await tf.setBackend(backend);

function layer(spec) {
  const pool = () => ({ poolSize: spec.kernel, strides: spec.stride, padding: "same" });
  switch (spec.kind) {
    case "conv2d":
      return tf.layers.conv2d({
        filters: spec.out,
        kernelSize: spec.kernel,
        padding: spec.pad === 0 ? "valid" : "same",
      });
    case "linear":
      return tf.layers.dense({ units: spec.out });
    case "maxPool2d":
      return tf.layers.maxPooling2d(spec.pad === 0 ? { ...pool(), padding: "valid" } : pool());
    case "avgPool2d":
      return tf.layers.averagePooling2d({ ...pool(), padding: "valid" });
    case "batchNorm2d":
      return tf.layers.batchNormalization();
    case "leakyRelu":
      return tf.layers.leakyReLU({ alpha: spec.slope });
    case "flatten":
      return tf.layers.flatten();
    default:
      return tf.layers.activation({ activation: spec.kind });
  }
}

function trainingStep(job) {
  const [C, H, W] = job.input;
  const input = tf.input({ shape: [H, W, C] });
  const output = job.layers.reduce((x, spec) => layer(spec).apply(x), input);
  const model = tf.model({ inputs: input, outputs: output });
  const { kind, lr, momentum } = job.optimizer;
  const optimizer = kind === "adam" ? tf.train.adam(lr) : tf.train.momentum(lr, momentum);
  const images = Array.from({ length: 4 }, () => tf.randomUniform([job.batch, H, W, C]));
  const labels = Array.from({ length: 4 }, () =>
    tf.oneHot(tf.randomUniform([job.batch], 0, 10, "int32"), 10).toFloat(),
  );
  let turn = 0;
  return () => {
    turn = (turn + 1) % 4;
    const loss = optimizer.minimize(
      () => tf.losses.softmaxCrossEntropy(labels[turn], model.apply(images[turn], { training: true })),
      true,
    );
    loss.dataSync();
    loss.dispose();
  };
}

const steps = new Map();
await serve(`TensorFlow.js ${tf.version.tfjs} (${backend})`, (job) => {
  const key = `${job.workload} ${job.batch}`;
  if (!steps.has(key)) {
    steps.clear();
    steps.set(key, trainingStep(job));
  }
  return imagesPerSecond(steps.get(key), job.batch, job.seconds);
});
