// gradbook through its public API: `fit`, as a notebook calls it. The time of an epoch counts from the end of the
// evaluation before it (onEpoch) to the first sample that is read for the next one, so shuffling, reading samples,
// forward, backward and the optimizer are in, the evaluation between epochs is not.
import { createInterface } from "node:readline";
import * as gradbook from "gradbook";
import { arrayDataset, type Dataset, fit, Rng, type Sequential, tsne } from "gradbook";
import type { Answer, Job } from "../job.js";
import { gemm } from "./gradbook-gemm.js";
import { buildModel, buildOptimizer } from "./models.js";

type Training = Extract<Job, { mode: string }>;

/** Uniform noise with random labels. */
export function noise(samples: number, shape: readonly number[]): Dataset {
  const rng = new Rng("bench");
  const size = shape.reduce((product, n) => product * n, 1);
  const x = Float32Array.from({ length: samples * size }, () => rng.uniform());
  const labels = Array.from({ length: samples }, (_, i) => i % 10);
  return arrayDataset(x, labels, shape);
}

/** What is built once for a workload. */
interface Prepared {
  readonly model: Sequential;
  readonly data: Dataset;
  /** One batch of it: all that is evaluated between epochs. */
  readonly sample: Dataset;
  /** Steps of an epoch. */
  readonly steps: number;
}

const prepared = new Map<string, Prepared>();

function measure(job: Training): Answer {
  const { batch, seconds, threads } = job;
  const key = `${job.workload} ${batch}`;
  const { model, data, sample, steps } = prepared.get(key) ?? prepare(key, job);
  let began = 0;
  let counted = 0;
  let images = 0;
  let epochs = 0;
  const timed: Dataset = {
    ...describe(sample),
    read(index, out, offset) {
      // the first epoch warms up
      if (index === 0 && ++epochs > 2) {
        counted += performance.now() - began;
        images += steps * batch;
      }
      sample.read(index, out, offset);
    },
  };
  fit(model, {
    train: data,
    trainSample: timed,
    threads,
    optimizer: buildOptimizer(gradbook, job),
    batch,
    epochs: 1_000_000,
    onEpoch({ epoch }) {
      began = performance.now();
      return epoch >= 1 && counted >= 1000 * seconds ? "stop" : undefined;
    },
  });
  return seconds === 0 ? {} : { imagesPerSecond: (1000 * images) / counted };
}

function describe(set: Dataset): Omit<Dataset, "read"> {
  const { name, size, shape, classes, labels, classNames, source, digest } = set;
  return { name, size, shape, classes, labels, classNames, source, digest, subset: () => set };
}

function prepare(key: string, job: Training): Prepared {
  // enough steps to an epoch that its ends do not show; few enough that an epoch of a large model comes to an end
  const steps = job.workload === "W5" || job.workload === "W6" ? 5 : Math.ceil(4000 / job.batch);
  const data = noise(steps * job.batch, job.input);
  const sample = data.subset(Array.from({ length: job.batch }, (_, i) => i));
  const made = { model: buildModel(gradbook, job), data, sample, steps };
  prepared.clear();
  prepared.set(key, made);
  return made;
}

function map({ features, perplexity, iterations, method }: Extract<Job, { workload: "TSNE" }>): Answer {
  const since = performance.now();
  const { points } = tsne(features, {
    perplexity,
    iterations,
    method: method === "tsne-js" ? "tsne-js" : "gradbook",
  });
  return { took: (performance.now() - since) / 1000, points };
}

async function serve(): Promise<void> {
  const answer = (record: object) => process.stdout.write(`${JSON.stringify(record)}\n`);
  answer({ about: `gradbook, Node ${process.versions.node}` });
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      const job: Job = JSON.parse(line);
      if ("features" in job) answer(map(job));
      else answer("size" in job ? gemm(job.size, job.threads, job.seconds) : measure(job));
    } catch (error) {
      answer({ reason: String(error).split("\n")[0].slice(0, 200) });
    }
  }
}

if (process.argv[2] === "serve") await serve();
