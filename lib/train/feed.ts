import type { Dataset } from "../datasets/dataset.js";
import type { Engine } from "../engine/engine.js";
import { GradbookError } from "../errors/error.js";

/**
 * Brings samples into the engine's memory. A small training set is kept there as floats; of a large one each batch is
 * read into one of two halves of a ring, the next batch while the workers compute this one.
 */
export class Feed {
  /** Reads the batch that probably comes next. One object for all steps, so that a step allocates nothing. */
  readonly readAhead: (() => void) | undefined;
  /** Which sample of the training set stands in each place of the ring; −1 where another set's does. */
  private readonly tags: Int32Array;
  private half = 0;
  private order: Uint32Array = new Uint32Array(0);
  private next = 0;
  private readonly sampleFloats: number;

  constructor(
    private readonly engine: Engine,
    private readonly train: Dataset,
    private readonly size: number,
    private readonly kept: number,
  ) {
    this.sampleFloats = engine.plan.sampleFloats;
    this.tags = new Int32Array(Math.max(2 * size, engine.plan.capacity)).fill(-1);
    assertLabels(train, engine.plan.classes);
    for (let i = 0; i < kept; i++) train.read(i, engine.floats, this.keptAt(i));
    this.readAhead = kept > 0 ? undefined : () => this.readNext();
  }

  /** Puts the samples order[from] … order[to − 1] of the training set into the tables. */
  batch(order: Uint32Array, from: number, to: number): void {
    const { ints, plan } = this.engine;
    const { labels } = this.train;
    if (this.kept > 0) {
      for (let i = from; i < to; i++) {
        ints[plan.at.table / 4 + i - from] = 4 * this.keptAt(order[i]);
        ints[plan.at.labels / 4 + i - from] = labels[order[i]];
      }
      return;
    }
    this.half = 1 - this.half;
    this.fill(order, from, to);
    for (let i = 0; i < to - from; i++) {
      ints[plan.at.table / 4 + i] = 4 * this.ringAt(this.half * this.size + i);
      ints[plan.at.labels / 4 + i] = labels[order[from + i]];
    }
    this.order = order;
    this.next = to;
  }

  /** Puts `count` samples of any set into the tables. */
  slice(set: Dataset, from: number, count: number): void {
    const { ints, floats, plan } = this.engine;
    assertLabels(set, plan.classes);
    const keep = this.kept > 0 && set === this.train;
    for (let n = 0; n < count; n++) {
      const place = keep ? this.keptAt(from + n) : this.ringAt(n);
      if (!keep) {
        set.read(from + n, floats, place);
        this.tags[n] = -1;
      }
      ints[plan.at.table / 4 + n] = 4 * place;
      ints[plan.at.labels / 4 + n] = set.labels[from + n];
    }
  }

  private readNext(): void {
    this.half = 1 - this.half;
    this.fill(this.order, this.next, Math.min(this.next + this.size, this.order.length));
    this.half = 1 - this.half;
  }

  /** Reads what does not stand in the present half yet. */
  private fill(order: Uint32Array, from: number, to: number): void {
    for (let i = from; i < to; i++) {
      const place = this.half * this.size + i - from;
      if (this.tags[place] === order[i]) continue;
      this.train.read(order[i], this.engine.floats, this.ringAt(place));
      this.tags[place] = order[i];
    }
  }

  private ringAt(place: number): number {
    return this.engine.plan.at.samples / 4 + place * this.sampleFloats;
  }

  private keptAt(sample: number): number {
    return this.ringAt(this.tags.length + sample);
  }
}

/** Sets whose labels were looked at. */
const checked = new WeakMap<Dataset, number>();

/** @throws GradbookError when a label is no output of the model: the loss would read another sample's memory */
function assertLabels(set: Dataset, classes: number): void {
  if ((checked.get(set) ?? Number.POSITIVE_INFINITY) <= classes) return;
  const wrong = set.labels.findIndex((label) => label >= classes);
  if (wrong < 0) {
    checked.set(set, classes);
    return;
  }
  throw new GradbookError({
    code: "data",
    what: set.name,
    got: `label ${set.labels[wrong]} of sample ${wrong}`,
    expected: `a class from 0 to ${classes - 1} (the model has ${classes} outputs)`,
  });
}
