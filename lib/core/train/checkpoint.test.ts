import assert from "node:assert/strict";
import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { arrayDataset } from "../datasets/array-dataset.js";
import type { Dataset } from "../datasets/dataset.js";
import { batchNorm1d } from "../layers/batch-norm.js";
import { dropout } from "../layers/dropout.js";
import { linear } from "../layers/linear.js";
import { relu } from "../layers/relu.js";
import { type Sequential, sequential } from "../layers/sequential.js";
import { mse } from "../losses/squared.js";
import { adam } from "../optimizers/adam.js";
import { sgd } from "../optimizers/sgd.js";
import { linearDecay } from "../schedules/schedule.js";
import { Rng } from "../tensor/rng.js";
import { type Checkpoint, readCheckpoint, writeCheckpoint } from "./checkpoint.js";
import { weightsDigest } from "./digest.js";
import { earlyStop } from "./early-stop.js";
import { type FitConfig, fit } from "./fit.js";
import type { Run } from "./history.js";
import { evaluate } from "./metrics.js";

const folder = mkdtempSync(join(tmpdir(), "checkpoint-"));
after(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const newFile = (): string => join(folder, `${count++}.ckpt`);

function points(size: number, seed: number): Dataset {
  const rng = new Rng(seed);
  const labels = Uint8Array.from({ length: size }, (_, n) => n % 3);
  const x = Float32Array.from({ length: 4 * size }, (_, i) => labels[Math.floor(i / 4)] + rng.normal());
  return arrayDataset(x, labels, [4]);
}
const train = points(50, 1);
const tested = points(20, 2);

/** Everything that a step may remember: running statistics, dropout's stream, two slots of Adam. */
function network(dtype: "float32" | "float64", seed = 1): Sequential {
  return sequential(
    [
      linear({ in: 4, out: 8 }),
      batchNorm1d({ features: 8 }),
      relu(),
      dropout({ p: 0.2 }),
      linear({ in: 8, out: 3 }),
    ],
    { input: [4], seed, dtype },
  );
}

/** 50 samples in batches of 8: 7 steps an epoch. */
function config(more: Partial<FitConfig> = {}): FitConfig {
  return {
    train,
    test: tested,
    optimizer: adam({ lr: 0.01 }),
    batch: 8,
    epochs: 4,
    seed: 3,
    evaluateEvery: 5,
    ...more,
  };
}

/** What the stop button does after some steps. */
function stopAfter(steps: number, model: Sequential, more: Partial<FitConfig>): Run {
  const flag = Symbol.for("Jupyter.interrupt");
  const cell = new Int32Array(new SharedArrayBuffer(4));
  Object.assign(globalThis, { [flag]: cell });
  try {
    return fit(model, config({ ...more, onStep: (step) => step === steps && Atomics.store(cell, 0, 1) }));
  } finally {
    Reflect.deleteProperty(globalThis, flag);
  }
}

for (const dtype of ["float32", "float64"] as const) {
  const whole = network(dtype);
  const expected = fit(whole, config());

  for (const steps of [1, 6, 7, 8, 14, 27]) {
    test(`a run of 28 steps stopped after ${steps}, ${dtype}: resumed to the same bits`, () => {
      const checkpoint = newFile();
      const stopped = stopAfter(steps, network(dtype), { checkpoint });
      assert.equal(stopped.ending, "interrupted");
      const model = network(dtype);
      const run = fit(model, config({ checkpoint, resume: true }));
      assert.deepEqual(run, expected);
      assert.equal(weightsDigest(model), weightsDigest(whole));
    });
  }
}

test("a process killed at any moment leaves the last checkpoint: every 3 steps and at each epoch", () => {
  const checkpoint = newFile();
  const seen: number[] = [];
  const look = () => seen.push(readCheckpoint(checkpoint).step);
  fit(network("float32"), config({ checkpoint, checkpointEvery: 3, onStep: (step) => step >= 3 && look() }));
  assert.deepEqual(seen.slice(0, 8), [3, 3, 3, 6, 6, 7, 9, 9]);
  look();
  assert.equal(seen[seen.length - 1], 28);
  assert.ok(readdirSync(folder).every((name) => name.endsWith(".ckpt")));
});

test("a checkpoint in the middle, by its path: the same bits again, and the file stays", () => {
  const checkpoint = newFile();
  stopAfter(10, network("float32"), { checkpoint });
  const middle = readFileSync(checkpoint);
  const expected = fit(network("float32"), config());
  for (let again = 0; again < 2; again++) {
    assert.equal(fit(network("float32"), config({ resume: checkpoint })).digest, expected.digest);
  }
  assert.deepEqual(readFileSync(checkpoint), middle);
});

test("a finished run is resumed in no steps; with more epochs it goes on", () => {
  const checkpoint = newFile();
  const first = fit(network("float32"), config({ checkpoint, epochs: 2 }));
  let steps = 0;
  const onStep = () => steps++;
  assert.deepEqual(fit(network("float32"), config({ checkpoint, resume: true, epochs: 2, onStep })), first);
  assert.equal(steps, 0);
  const longer = fit(network("float32"), config({ checkpoint, resume: true, onStep }));
  assert.equal(steps, 14);
  assert.equal(longer.digest, fit(network("float32"), config()).digest);
});

test("a run with a limit of steps: stopped, resumed and resumed again after its end", () => {
  const checkpoint = newFile();
  const expected = fit(network("float32"), config({ steps: 10 }));
  stopAfter(8, network("float32"), { checkpoint, steps: 10 });
  for (let again = 0; again < 2; again++) {
    assert.deepEqual(fit(network("float32"), config({ checkpoint, resume: true, steps: 10 })), expected);
  }
});

test("a run that a limit of steps ended goes on without the record of a part of an epoch", () => {
  const checkpoint = newFile();
  const expected = fit(network("float32"), config());
  fit(network("float32"), config({ checkpoint, steps: 10 }));
  assert.equal(fit(network("float32"), config({ checkpoint, resume: true, steps: 12 })).epochs.length, 3);
  const more = { checkpoint, resume: true };
  const told: number[] = [];
  const onEpoch = Object.assign(() => {}, {
    resume: (past: Run["epochs"]) => told.push(...past.map((e) => e.epoch)),
  });
  assert.deepEqual(fit(network("float32"), config({ ...more, onEpoch })), expected);
  assert.deepEqual(told, [0, 1]);
});

test("early stop remembers the epochs before a resume, and a run that it ended stays ended", () => {
  const still = { optimizer: sgd({ lr: 0 }), epochs: 9 };
  const plain = (): Sequential => sequential([linear({ in: 4, out: 3 })], { input: [4], seed: 1 });
  const expected = fit(plain(), config({ ...still, onEpoch: earlyStop({ patience: 3 }) }));
  assert.equal(expected.epochs.length, 4);
  const checkpoint = newFile();
  stopAfter(15, plain(), { ...still, checkpoint });
  for (let again = 0; again < 2; again++) {
    const more = { ...still, checkpoint, resume: true, onEpoch: earlyStop({ patience: 3 }) };
    assert.deepEqual(fit(plain(), config(more)), expected);
  }
});

for (const epochs of [9, 3])
  test(`the best epoch's weights come back, also after a stop and a resume: ${epochs} epochs`, () => {
    // so large a rate that the loss is lowest early
    const wild = { optimizer: adam({ lr: 0.2 }), epochs };
    const stop = () => earlyStop({ patience: 3, restoreBest: true });
    const model = network("float32");
    const run = fit(model, config({ ...wild, onEpoch: stop() }));
    const losses = run.epochs.map(({ testLoss }) => testLoss);
    const best = losses.indexOf(Math.min(...losses));
    assert.ok(best < losses.length - 1, `${losses}`);
    assert.equal(evaluate(model, tested).loss, losses[best]);
    const without = network("float32");
    const plain = fit(without, config({ ...wild, onEpoch: earlyStop({ patience: 3 }) }));
    assert.deepEqual(plain.epochs.slice(0, -1), run.epochs.slice(0, -1));
    assert.notEqual(plain.digest, run.digest, "the digest knows of the other weights");
    assert.notEqual(weightsDigest(model), weightsDigest(without));
    for (const after of [3, 7 * (best + 1) + 2, 7 * (losses.length - 1) - 1]) {
      const checkpoint = newFile();
      stopAfter(after, network("float32"), { ...wild, checkpoint, onEpoch: stop() });
      for (let again = 0; again < 2; again++) {
        const resumed = network("float32");
        const more = { ...wild, checkpoint, resume: true, onEpoch: stop() };
        assert.deepEqual(fit(resumed, config(more)), run, `after ${after} steps`);
        assert.equal(weightsDigest(resumed), weightsDigest(model));
      }
    }
  });

test("resume: true without a file begins at the beginning", () => {
  const run = fit(network("float32"), config({ checkpoint: newFile(), resume: true }));
  assert.equal(run.digest, fit(network("float32"), config()).digest);
});

test("NaN, −0, Infinity and subnormal numbers come back bit by bit", () => {
  const file = newFile();
  const odd = [Number.NaN, -0, Number.POSITIVE_INFINITY, 1e-320, 0.1];
  const checkpoint: Checkpoint = {
    run: { seed: "r" },
    step: 7,
    ending: "unfinished",
    digests: ["ä"],
    changedBy: "",
    arrays: new Map<string, Float32Array | Float64Array>([
      ["one", Float32Array.from(odd)],
      ["two", Float64Array.from(odd)],
      ["none", new Float64Array(0)],
    ]),
  };
  writeCheckpoint(file, checkpoint);
  assert.deepEqual(readCheckpoint(file), checkpoint);
});

test("a place where no checkpoint can be written is refused before the training", () => {
  const file = newFile();
  writeFileSync(file, "");
  const refused = (checkpoint: string, words: RegExp) => {
    let steps = 0;
    assert.throws(() => fit(network("float32"), config({ checkpoint, onStep: () => steps++ })), words);
    assert.equal(steps, 0);
  };
  refused(folder, /^GradbookError: checkpoint .*: it is a folder, expected a file\. Name one/);
  refused(
    join(file, "x"),
    /x: .* is a file\. Move .* away, or choose another location with checkpoint: "FILE"\./,
  );
  refused(
    "/dev/null",
    /^GradbookError: checkpoint \/dev\/null: it is a device, a pipe or a socket, expected a file/,
  );
  refused("", /^GradbookError: checkpoint "": it is not a path, expected a file/);
  assert.throws(
    () => fit(network("float32"), config({ resume: folder })),
    /^GradbookError: checkpoint .*: it is a folder, expected a file/,
  );
  assert.ok(readdirSync(folder).every((name) => name.endsWith(".ckpt")));
});

test("a link to a checkpoint stays one: its target is replaced", () => {
  const [target, link] = [newFile(), newFile()];
  fit(network("float32"), config({ checkpoint: target, epochs: 1 }));
  symlinkSync(target, link);
  const run = fit(network("float32"), config({ checkpoint: link, resume: true, epochs: 2 }));
  assert.ok(lstatSync(link).isSymbolicLink());
  assert.equal(readCheckpoint(target).digests.at(-1), run.digest);
});

test("a damaged checkpoint is refused with the reason, and the model is left alone", () => {
  const checkpoint = newFile();
  stopAfter(10, network("float32"), { checkpoint });
  const whole = readFileSync(checkpoint);
  const refused = (bytes: Uint8Array, words: RegExp) => {
    const file = newFile();
    writeFileSync(file, bytes);
    const model = network("float32");
    const before = weightsDigest(model);
    assert.throws(() => fit(model, config({ resume: file })), words);
    assert.equal(weightsDigest(model), before);
    assert.throws(() => fit(model, config({ checkpoint: file, resume: true })), words);
    assert.deepEqual(readFileSync(file), Buffer.from(bytes));
  };
  refused(
    whole.subarray(0, whole.length - 4),
    /\d+ bytes behind the header, expected \d+\. Delete it to start over/,
  );
  refused(Buffer.concat([whole, Buffer.alloc(8)]), /bytes behind the header, expected/);
  refused(whole.subarray(0, 40), /it does not begin with a header/);
  refused(new Uint8Array(0), /it does not begin with a header/);
  refused(Buffer.from('{"format":"other"}\n'), /its format is "other", expected gradbook checkpoint 3/);
  refused(Buffer.from('{"format":"gradbook checkpoint 3"}\n'), /its header is incomplete/);
  refused(Buffer.from("null\n"), /it does not begin with a header/);
  const lists = (digests: string, arrays: string) =>
    Buffer.from(
      `{"format":"gradbook checkpoint 3","run":{},"changedBy":"","step":1,"ending":"unfinished","payload":"","digests":[${digests}],"arrays":[${arrays}]}\n`,
    );
  refused(lists("", "null"), /its header is incomplete/);
  refused(lists("", '{"name":"a","dtype":"float32","length":1.5}'), /its header is incomplete/);
  refused(lists("null", ""), /its header is incomplete/);
  const flipped = Buffer.from(whole);
  flipped[whole.length - 9] ^= 1;
  refused(flipped, /its content has changed since it was written \(SHA-256 differs\)/);
  const digest = readCheckpoint(checkpoint).digests[1];
  const other = (digest[0] === "0" ? "1" : "0") + digest.slice(1);
  const header = Buffer.from(whole.toString("latin1").replace(digest, other), "latin1");
  refused(header, /its content has changed since it was written \(SHA-256 differs\)/);
  const older = Buffer.from(whole.toString("latin1").replace("checkpoint 3", "checkpoint 2"), "latin1");
  refused(older, /its format is "gradbook checkpoint 2", expected gradbook checkpoint 3/);
});

test("a checkpoint of another run is refused: seed, rate, batch, weights, data; a missing one, and no file at all", () => {
  const checkpoint = newFile();
  stopAfter(10, network("float32"), { checkpoint });
  const refused = (what: string, more: Partial<FitConfig>, model = network("float32")) =>
    assert.throws(() => fit(model, config({ resume: checkpoint, ...more })), {
      message: `checkpoint ${checkpoint}: it belongs to another run: not the same ${what}, expected a whole checkpoint of this run. Delete it to start over, or choose another file.`,
    });
  refused("seed", { seed: 4 });
  refused("optimizer", { optimizer: adam({ lr: 0.02 }) });
  refused("batch", { batch: 9 });
  refused("test set", { test: points(20, 5) });
  refused("training set", { train: points(40, 6) });
  refused("trainSample", { trainSample: points(20, 5) });
  refused("evaluateEvery", { evaluateEvery: 4 });
  refused("shuffle", { shuffle: false });
  refused("dropLast", { dropLast: true });
  refused("loss", { loss: mse() });
  refused("schedule", { schedule: linearDecay({ epochs: 9 }) });
  refused("schedule", { schedule: (_epoch, lr) => lr / 2 });
  refused("augment", { augment: (x) => x });
  refused("initial weights", {}, network("float32", 2));
  refused("dtype, initial weights", {}, network("float64"));
  assert.throws(
    () => fit(network("float32"), config({ resume: "none.ckpt" })),
    /checkpoint none\.ckpt: there is no such file/,
  );
  assert.throws(() => fit(network("float32"), config({ resume: true })), /resume: true without a checkpoint/);
  assert.throws(
    () => fit(network("float32"), config({ checkpoint: newFile(), checkpointEvery: 0 })),
    /checkpointEvery is 0/,
  );
});
