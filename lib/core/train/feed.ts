import { dataError, inWords } from "@gradbook/base";
import type { Dataset, Targets } from "../datasets/dataset.js";
import {
  isCacheable,
  isOwnSet,
  nameOf,
  readerOf,
  type SampleReader,
  targetReaderOf,
} from "../datasets/samples.js";
import type { Engine } from "../engine/engine.js";
import { type Augment, type TrainingReader, trainingReader } from "./augment.js";

/** Bytes of samples up to which a training set is kept in the engine's memory as floats. */
const KEPT_BYTES = 64 * 1024 * 1024;

/** Samples of a training set that are kept in memory: all, when they are small and always the same, or none. */
export function keptSamples(train: Dataset, sampleFloats: number): number {
  return isCacheable(train) && 4 * sampleFloats * train.size <= KEPT_BYTES ? train.size : 0;
}

export interface FeedConfig {
  readonly train: Dataset;
  readonly augment: Augment | undefined;
  readonly seed: number | string;
  /** Samples of a step. */
  readonly batch: number;
  /** Samples that the engine has room for beside the batches'. */
  readonly kept: number;
}

/**
 * Brings samples into the engine's memory. A small training set is kept there as floats; of any other each batch is read
 * into one of two halves of a ring, each sample anew each time it is used.
 */
export class Feed {
  private readonly engine: Engine;
  private readonly config: FeedConfig;

  /**
   * Reads the batch that probably comes next, while the workers compute this one: only what the library itself reads. One
   * object for all steps, so that a step allocates nothing.
   */
  readonly readAhead: (() => void) | undefined;
  /** Places of the ring; those of the kept samples stand behind them. */
  private readonly places: number;
  private readonly read: TrainingReader;
  private readonly readers = new WeakMap<Dataset, SampleReader>();
  private readonly targetReaders = new WeakMap<Dataset, SampleReader>();
  private half = 0;
  private epoch = 0;
  private order: Uint32Array = new Uint32Array(0);
  private next = 0;
  /** Position in the order of the batch that stands in the other half already; −1: none does. */
  private ahead = -1;

  constructor(engine: Engine, config: FeedConfig) {
    this.engine = engine;
    this.config = config;

    const { train, augment, seed, batch, kept } = config;
    this.places = Math.max(2 * batch, engine.capacity);
    this.read = trainingReader(train, augment, seed);
    const readKept = this.readerOf(train);
    for (let i = 0; i < kept; i++)
      engine.readSample(this.keptAt(i), (out, offset) => readKept(i, out, offset));
    const alone = kept === 0 && augment === undefined && isOwnSet(train);
    this.readAhead = alone ? () => this.readNext() : undefined;
  }

  /** A new epoch begins. */
  begin(epoch: number, order: Uint32Array): void {
    this.epoch = epoch;
    this.order = order;
    this.ahead = -1;
  }

  /** Puts the samples from … to − 1 of this epoch's order into the tables. */
  batch(from: number, to: number): void {
    const { order } = this;
    const { train, augment, kept } = this.config;
    if (kept > 0 && augment === undefined) {
      for (let i = from; i < to; i++) this.put(i - from, this.keptAt(order[i]), train, order[i]);
      return;
    }
    this.half = 1 - this.half;
    if (this.ahead !== from) this.fill(from, to);
    this.ahead = -1;
    for (let i = from; i < to; i++) this.put(i - from, this.halfAt(i - from), train, order[i]);
    this.next = to;
  }

  /**
   * Puts `count` samples of any set into the tables, as they are.
   * @param compared with what the set says of them; else only the outputs are wanted
   */
  slice(set: Dataset, from: number, count: number, compared: boolean): void {
    const keep = this.config.kept > 0 && set === this.config.train;
    if (!keep) this.ahead = -1;
    const read = this.readerOf(set);
    for (let n = 0; n < count; n++) {
      const place = keep ? this.keptAt(from + n) : n;
      if (!keep) this.engine.readSample(place, (out, offset) => read(from + n, out, offset));
      if (compared) this.put(n, place, set, from + n);
      else this.engine.setRow(n, place);
    }
  }

  /** Names the place of a sample and what its outputs are compared with, at position n of the tables. */
  private put(n: number, place: number, set: Dataset, sample: number): void {
    this.engine.setRow(n, place);
    if (set.targets === undefined) this.engine.setLabel(n, labelOf(set, sample, this.engine.classes));
    else {
      const read = this.targetReaderOf(set, set.targets);
      this.engine.readTarget(n, (out, offset) => read(sample, out, offset));
    }
  }

  private readNext(): void {
    const { order, next } = this;
    if (next >= order.length) return;
    this.half = 1 - this.half;
    this.fill(next, Math.min(next + this.config.batch, order.length));
    this.half = 1 - this.half;
    this.ahead = next;
  }

  private fill(from: number, to: number): void {
    for (let i = from; i < to; i++)
      this.engine.readSample(this.halfAt(i - from), (out, offset) =>
        this.read(this.order[i], this.epoch, out, offset),
      );
  }

  private readerOf(set: Dataset): SampleReader {
    const known = this.readers.get(set) ?? readerOf(set);
    this.readers.set(set, known);
    return known;
  }

  private targetReaderOf(set: Dataset, targets: Targets): SampleReader {
    const known = this.targetReaders.get(set) ?? targetReaderOf(set, targets);
    this.targetReaders.set(set, known);
    return known;
  }

  private halfAt(place: number): number {
    return this.half * this.config.batch + place;
  }

  private keptAt(sample: number): number {
    return this.places + sample;
  }
}

/**
 * The class of a sample, looked at each time: somebody may have changed the labels since the run began.
 * @throws GradbookError when it is no output of the model: the loss would read another sample's memory
 */
export function labelOf(set: Dataset, sample: number, classes: number): number {
  const label = set.labels[sample];
  if (Number.isInteger(label) && label >= 0 && label < classes) return label;
  throw dataError(
    nameOf(set),
    `label ${inWords(label)} of sample ${sample}`,
    `a class from 0 to ${classes - 1} (the model has ${classes} outputs)`,
  );
}
