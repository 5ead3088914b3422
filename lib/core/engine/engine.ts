import type { Rng } from "../tensor/rng.js";
import type { FloatArray, Tensor } from "../tensor/tensor.js";
import { sumOfLosses } from "./kernels/loss.js";
import { RATES, scaleTo, writeRates } from "./kernels/optimizer.js";
import { Machine } from "./machine.js";
import type { Buffer } from "./memory.js";
import { type Phase, type Plan, type PlanRequest, plan, type StepParts } from "./plan.js";
import type { HandWork } from "./stages/stage.js";
import { readValues, writeValues } from "./values.js";

/** Runs what was written by hand, on the calling thread. */
export type ByHand = (work: HandWork, samples: number, training: boolean) => void;

/** A parameter or a running statistic in the engine's memory. */
export interface EngineValue {
  /** Position of its layer in the model, and its name there. */
  readonly layer: number;
  readonly name: string;
  read(into: FloatArray): void;
  write(from: FloatArray): void;
}

/** A parameter, with its gradient and the optimizer's memory of it. */
export interface EngineParameter extends EngineValue {
  /** The gradient of the whole batch: after the pieces' gradients were added up, or as a layer by hand has left it. */
  readGradient(into: FloatArray): void;
  writeGradient(from: FloatArray): void;
  readSlots(): FloatArray[];
  writeSlots(from: readonly FloatArray[]): void;
}

/**
 * A planned model with its memory and its compiled kernels, and everything that may be done with them: no address leaves
 * this file. All views are over one memory; a step allocates nothing.
 */
export class Engine {
  private readonly request: PlanRequest;
  private readonly byHand?: ByHand;

  /** Samples of the largest forward pass. */
  readonly capacity: number;
  /** Outputs of a sample. */
  readonly classes: number;
  readonly parameters: readonly EngineParameter[];
  readonly running: readonly EngineValue[];
  /** Whether something of a step runs by hand. */
  readonly hasHandWork: boolean;
  /** Whether a step needs random words. */
  readonly isRandom: boolean;
  private readonly plan: Plan;
  private readonly machine: Machine;
  private readonly floats: Float32Array;
  private readonly ints: Int32Array;

  constructor(request: PlanRequest, threads: number, byHand?: ByHand) {
    this.request = request;
    this.byHand = byHand;

    this.plan = plan(request);
    const { program, bytes, phases, capacity, classes, keys } = this.plan;
    this.capacity = capacity;
    this.classes = classes;
    this.isRandom = keys.length > 0;
    this.hasHandWork = phases.some((phase) => phase.parallel === "main" && phase.work.what !== "scale");
    // a model too small for two pieces never leaves this thread
    const divisible = phases.some((phase) => this.tasksOf(phase, capacity) > 1);
    this.machine = new Machine({ program, bytes, phases, threads: divisible ? threads : 1 });
    this.floats = this.machine.floats;
    this.ints = this.machine.ints;
    this.parameters = this.plan.parameters.map((p) => this.parameter(p));
    this.running = this.plan.running.map(({ address, ...place }) => ({
      ...place,
      ...this.view(address / 4),
    }));
  }

  /** Reads one sample into place k of the sample memory, which holds `capacity`, twice the batch and what is kept. */
  readSample(k: number, read: (out: Float32Array, offset: number) => void): void {
    read(this.floats, this.placeOf(k));
  }

  /** Row n of the next batch is the sample at place k. */
  setRow(n: number, k: number): void {
    this.ints[this.plan.at.table / 4 + n] = 4 * this.placeOf(k);
  }

  /** The class of row n, an output of the model. */
  setLabel(n: number, label: number): void {
    this.ints[this.plan.at.labels / 4 + n] = label;
  }

  /** Reads the numbers that the outputs of row n are compared with. */
  readTarget(n: number, read: (out: Float32Array, offset: number) => void): void {
    const { targets } = this.plan;
    if (targets !== undefined) read(this.floats, targets.address / 4 + n * targets.layout.size);
  }

  /**
   * Writes what changes from step to step.
   * @param divisor of the loss: the number of samples, or 1
   * @param rng stream of the step, where there is something random
   */
  setStep(divisor: number, lr: number, step: number, rng: Rng | undefined): void {
    const { at, keys } = this.plan;
    this.floats[at.divisor / 4] = divisor;
    const { optimizer } = this.request;
    if (optimizer !== undefined) writeRates(optimizer, lr, step, this.floats, at.rates / 4);
    if (rng === undefined) return;
    for (const address of keys) {
      this.ints[address / 4] = rng.bits();
      this.ints[address / 4 + 1] = rng.bits();
    }
  }

  /**
   * Forward, backward and update for the rows that were set.
   * @param meanwhile work for this thread while the others have begun
   */
  step(samples: number, meanwhile?: () => void): void {
    this.runAll(this.plan.train, samples, true, meanwhile);
  }

  /** One part of a step of a stepwise plan. */
  part(name: keyof StepParts, samples: number): void {
    this.runAll(this.plan.parts[name], samples, true);
  }

  /** Forward, and the loss where a kernel computes it, as outside of training. */
  forward(samples: number): void {
    this.runAll(this.plan.forward, samples, false);
  }

  /** Σ of the losses of the last pass, in the rows' order; 0 where the loss runs by hand. */
  sumOfLosses(samples: number): number {
    const { loss } = this.request;
    if (loss === undefined) return 0;
    return sumOfLosses(loss, this.floats, this.plan.at.lossParts / 4, samples, this.classes);
  }

  /** What the rows that were set are compared with: their classes, or numbers, one for each output. */
  target(samples: number): Uint8Array | Uint16Array | Float32Array {
    const { at, targets } = this.plan;
    if (targets !== undefined)
      return readValues(this.floats, targets, [samples, this.classes]).data as Float32Array;
    const labels = this.ints.subarray(at.labels / 4, at.labels / 4 + samples);
    return this.classes > 256 ? Uint16Array.from(labels) : Uint8Array.from(labels);
  }

  /** @param shape [samples, …output] */
  output(shape: readonly number[]): Tensor {
    return readValues(this.floats, this.plan.output, shape);
  }

  /** The output of a layer of an observed plan, [samples, …]. */
  layerOutput(layer: number, shape: readonly number[]): Tensor {
    return readValues(this.floats, this.plan.layerOutputs[layer], shape);
  }

  setOutputGradient(gradient: Tensor): void {
    writeValues(this.floats, this.plan.outputGrads, gradient);
  }

  /** What a layer by hand reads: its input, or the gradient by its output. A tensor of its own. */
  handInput(layer: number, pass: "forward" | "backward", shape: readonly number[]): Tensor {
    const { x, dy } = this.handBuffers(layer);
    return readValues(this.floats, pass === "forward" ? x : dy, shape);
  }

  /** What it gives back. A gradient by the model's own input is dropped: nobody needs it. */
  setHandOutput(layer: number, pass: "forward" | "backward", values: Tensor): void {
    const { y, dx } = this.handBuffers(layer);
    const to: Buffer | undefined = pass === "forward" ? y : dx;
    if (to !== undefined) writeValues(this.floats, to, values);
  }

  dispose(): void {
    this.machine.dispose();
  }

  private handBuffers(layer: number): Plan["custom"][number] {
    const buffers = this.plan.custom.find((c) => c.layer === layer);
    if (buffers === undefined) throw new RangeError(`no memory for layer ${layer}`);
    return buffers;
  }

  private placeOf(k: number): number {
    return this.plan.at.samples / 4 + k * this.plan.sampleFloats;
  }

  private parameter({ layer, name, offset, size }: Plan["parameters"][number]): EngineParameter {
    const { floats } = this;
    const { weights, gradients, slots } = this.plan.at;
    const gradient = this.view(gradients / 4 + offset);
    return {
      layer,
      name,
      ...this.view(weights / 4 + offset),
      readGradient: gradient.read,
      writeGradient: gradient.write,
      readSlots: () => slots.map((slot) => floats.slice(slot / 4 + offset, slot / 4 + offset + size)),
      writeSlots(from) {
        for (const [s, slot] of slots.entries()) floats.set(from[s], slot / 4 + offset);
      },
    };
  }

  private view(first: number): Pick<EngineValue, "read" | "write"> {
    const { floats } = this;
    return {
      read: (into) => into.set(floats.subarray(first, first + into.length)),
      write: (from) => floats.set(from, first),
    };
  }

  private runAll(
    phases: readonly number[],
    samples: number,
    training: boolean,
    meanwhile?: () => void,
  ): void {
    const pieces = this.plan.pieces(samples);
    for (let i = 0; i < phases.length; i++) {
      const phase = this.plan.phases[phases[i]];
      if (phase.parallel === "main") {
        if (phase.work.what === "scale") this.scaleGradients();
        else this.byHand?.(phase.work, samples, training);
      } else {
        const tasks = this.tasksOf(phase, samples);
        this.machine.run(phases[i], tasks, pieces, samples, i === 0 ? meanwhile : undefined);
      }
    }
  }

  /** Tells the update by how much all gradients are scaled down. */
  private scaleGradients(): void {
    const { at, updated } = this.plan;
    const { clip } = this.request;
    if (clip === undefined || !("norm" in clip)) return;
    let squares = 0;
    for (const { offset, size } of this.plan.parameters) {
      if (!updated.some(({ from, to }) => from <= offset && offset < to)) continue;
      const first = at.gradients / 4 + offset;
      for (let i = first; i < first + size; i++) squares += this.floats[i] * this.floats[i];
    }
    this.floats[at.rates / 4 + RATES.indexOf("scale")] = scaleTo(clip.norm, squares);
  }

  private tasksOf(phase: Phase, samples: number): number {
    if (phase.parallel === "main") return 1;
    return phase.parallel === "pieces" ? this.plan.pieces(samples) : phase.tasks(samples);
  }
}
