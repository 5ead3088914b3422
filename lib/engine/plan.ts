import { GradbookError } from "../errors/error.js";
import { sizeOf } from "../tensor/shape.js";
import { gather } from "./kernels/gather.js";
import { lossKernel } from "./kernels/loss.js";
import { RATES, slotCount, UPDATE_CHUNK, updateKernel } from "./kernels/optimizer.js";
import { Arena, type Buffer, denseLayout, type Layout, roundUp } from "./memory.js";
import { type Kernel, Program } from "./render/program.js";
import { renderWasm } from "./render/wasm.js";
import type { LayerSpec, LossSpec, OptimizerSpec } from "./spec.js";
import { type Build, onPieces, onTasks, type Place, type Stage, type Step } from "./stage.js";
import { activationStage, canPool, convPoolStage, linearStage, type PlanLayer } from "./stages.js";
import { PAGE_BYTES } from "./webassembly.js";

/** What is planned: a model, and the sizes that its memory is laid out for. */
export interface PlanRequest {
  /** Shape of one sample. */
  readonly input: readonly number[];
  readonly layers: readonly PlanLayer<LayerSpec>[];
  readonly loss: LossSpec;
  readonly optimizer: OptimizerSpec;
  /** Samples of the largest training batch. */
  readonly batch: number;
  /** Samples whose pixels are kept in the plan's memory, beside the batch's. */
  readonly kept: number;
}

/** Kernels between two barriers, as one export of the module. */
export interface Phase {
  readonly name: string;
  readonly parallel: Step["parallel"];
  readonly tasks: number;
}

export interface Plan {
  readonly bytes: Uint8Array;
  readonly pages: number;
  readonly phases: readonly Phase[];
  /** Numbers of the phases of a training step, and of a forward pass with the loss. */
  readonly train: readonly number[];
  readonly forward: readonly number[];
  /** Samples of the largest forward pass. */
  readonly capacity: number;
  /** How many pieces a training batch of n samples is cut into. */
  pieces(n: number): number;
  /** Float offset of each parameter by layer and name, the same in weights and slots. */
  readonly parameters: readonly {
    readonly layer: number;
    readonly name: string;
    readonly offset: number;
    readonly size: number;
  }[];
  /** Byte addresses. */
  readonly at: {
    readonly rates: number;
    readonly divisor: number;
    readonly table: number;
    readonly labels: number;
    readonly lossParts: number;
    readonly weights: number;
    readonly slots: readonly number[];
    readonly gradients: number;
    readonly samples: number;
  };
  readonly total: number;
  /** The model's output. */
  readonly output: Buffer;
  /** Floats from one kept sample to the next. */
  readonly sampleFloats: number;
}

/** A piece is worth another thread from about this many multiplications on: 50 µs of one core. */
const PIECE_WORK = 1.5e6;
const MOST_PIECES = 16;
/** A forward pass takes as many samples as fit into this memory, at most 100. */
const FORWARD_BYTES = 16 * 2 ** 20;

/** Lays out the memory of a model and generates its kernels. */
export function plan(request: PlanRequest): Plan {
  const { input, loss, optimizer, batch } = request;
  const stages = chooseStages(request.layers);
  const work = 3 * stages.reduce((sum, s) => sum + s.work, 0);
  const pieces = (n: number): number => {
    let count = 1;
    while (2 * count <= Math.min(MOST_PIECES, n) && 2 * count * PIECE_WORK <= n * work) count *= 2;
    return count;
  };
  const sampleBytes = 4 * stages.reduce((sum, s) => sum + 3 * sizeOf(s.shape), sizeOf(input));
  const capacity = Math.max(batch, Math.min(100, Math.floor(FORWARD_BYTES / sampleBytes)), 1);

  // memory: small things, parameters, gradients, activations, samples
  const arena = new Arena(64);
  const rates = arena.floats(RATES.length);
  const divisor = arena.floats(1);
  const table = arena.floats(capacity);
  const labels = arena.floats(capacity);
  const lossParts = arena.floats(2 * capacity);
  const { parameters, shared, total } = placeParameters(stages);
  const weights = arena.floats(total + 16);
  const slots = Array.from({ length: slotCount(optimizer) }, () => arena.floats(total));
  const extra = arena.floats((pieces(batch) - 1) * shared);
  const gradients = extra + 4 * (pieces(batch) - 1) * shared;
  arena.floats(total);

  const program = new Program();
  let naming = "";
  const build: Build = {
    program,
    arena,
    batch,
    capacity,
    pieceBytes: 4 * shared,
    rates,
    place(layer, name): Place {
      const { offset } = parameters.find((p) => p.layer === layer && p.name === name) ?? { offset: 0 };
      return { weight: weights + 4 * offset, gradient: gradients + 4 * offset };
    },
    name: (what) => `${naming} ${what}`,
  };
  const { values, slopes } = placeActivations(arena, stages, input, batch, capacity);
  const forward: Step[] = [onPieces(gather(program, "gather", { table, x: values[0] }))];
  const backward: Step[] = [];
  for (const [i, stage] of stages.entries()) {
    naming = stage.name;
    const wires = { x: values[i], y: values[i + 1], dx: slopes[i], dy: slopes[i + 1] ?? values[i + 1] };
    const built = stage.build(build, wires);
    forward.push(...built.forward);
    backward.unshift(...built.backward);
  }
  const output = values[stages.length];
  const lossStep = onPieces(
    lossKernel(program, "loss", {
      spec: loss,
      z: output,
      dz: slopes[stages.length] ?? output,
      labels,
      parts: lossParts,
      divisor,
    }),
  );
  const update = onTasks(
    updateKernel(program, "update", {
      spec: optimizer,
      weights,
      gradients,
      slots,
      total,
      shared,
      rates,
    }),
    Math.ceil(total / UPDATE_CHUNK),
  );
  const phases: Phase[] = [];
  const train = joinSteps(program, phases, [
    ...forward,
    lossStep,
    ...backward,
    ...(total > 0 ? [update] : []),
  ]);
  const forwardPhases = joinSteps(program, phases, [...forward, lossStep]);

  const sampleFloats = roundUp(sizeOf(input), 4);
  const samples = arena.floats(sampleFloats * (Math.max(2 * batch, capacity) + request.kept) + 16);
  const pages = Math.ceil((arena.bytes + 64) / PAGE_BYTES);
  if (pages > 65536) {
    throw new GradbookError({
      code: "memory",
      what: "engine",
      got: `${Math.round(arena.bytes / 2 ** 20)} MB for a batch of ${batch}`,
      expected: "at most 4096 MB",
      cure: "Use a smaller batch.",
    });
  }
  return {
    bytes: renderWasm(program, pages),
    pages,
    phases,
    train,
    forward: forwardPhases,
    capacity,
    pieces,
    parameters,
    at: { rates, divisor, table, labels, lossParts, weights, slots, gradients, samples },
    total,
    output,
    sampleFloats,
  };
}

/** Whether every layer has kernels. */
export function canPlan(layers: readonly PlanLayer<LayerSpec>[]): boolean {
  try {
    return chooseStages(layers).length > 0;
  } catch {
    return false;
  }
}

/** Layers that are computed together become one stage. */
function chooseStages(layers: readonly PlanLayer<LayerSpec>[]): Stage[] {
  const stages: Stage[] = [];
  for (let i = 0; i < layers.length; i++) {
    const layer = layers[i];
    const { spec } = layer;
    if (spec.kind === "flatten") continue;
    if (spec.kind === "conv2d") {
      const relu = layers[i + 1]?.spec.kind === "relu" ? 1 : 0;
      const pool = layers[i + 1 + relu];
      if (pool?.spec.kind === "maxPool2d" && canPool(spec, pool.spec, layer.output)) {
        const activation = relu === 1 ? ({ kind: "relu" } as const) : undefined;
        stages.push(convPoolStage({ ...layer, spec }, { ...pool, spec: pool.spec }, activation));
        i += 1 + relu;
        continue;
      }
    }
    if (spec.kind === "linear") stages.push(linearStage({ ...layer, spec }));
    else if (spec.kind === "relu") stages.push(activationStage({ ...layer, spec: { kind: "relu" } }, true));
    else throw new RangeError(`no stage for ${spec.kind}`);
  }
  return stages;
}

/** Parameters one behind another, those with a gradient for each piece first; both parts in whole chunks of 16 floats. */
function placeParameters(stages: readonly Stage[]) {
  const parameters: { layer: number; name: string; offset: number; size: number }[] = [];
  let at = 0;
  const take = (shared: boolean) => {
    for (const stage of stages)
      if (stage.shared === shared)
        for (const { layer, name, size } of stage.params) {
          parameters.push({ layer, name, offset: at, size });
          at = roundUp(at + size, 16);
        }
  };
  take(true);
  const inPieces = at;
  take(false);
  if (at === inPieces) return { parameters, shared: inPieces, total: at };
  // a chunk of the update is either in the one part or in the other
  const shift = roundUp(inPieces, UPDATE_CHUNK) - inPieces;
  const moved = parameters.map((p) => (p.offset < inPieces ? p : { ...p, offset: p.offset + shift }));
  return { parameters: moved, shared: inPieces + shift, total: at + shift };
}

/** A buffer for the input and for each stage's output, and one for its gradient. */
function placeActivations(
  arena: Arena,
  stages: readonly Stage[],
  input: readonly number[],
  batch: number,
  capacity: number,
): { values: Buffer[]; slopes: (Buffer | undefined)[] } {
  const layoutFor = (from: number, shape: readonly number[], preferred: Layout | undefined): Layout => {
    // stages that work in place leave the choice to the next one
    const next = stages.slice(from).find((s) => !s.inPlace)?.reads ?? "dense";
    return next === "dense" ? denseLayout(shape) : next === "any" ? (preferred ?? denseLayout(shape)) : next;
  };
  const values = [arena.buffer(layoutFor(0, input, undefined), capacity)];
  const slopes: (Buffer | undefined)[] = [undefined];
  for (const [i, stage] of stages.entries()) {
    if (stage.inPlace) {
      values.push(values[i]);
      slopes.push(slopes[i]);
      continue;
    }
    const layout = layoutFor(i + 1, stage.shape, stage.writes);
    values.push(arena.buffer(layout, capacity));
    slopes.push(arena.buffer(layout, batch));
  }
  return { values, slopes };
}

/** Neighbouring steps on pieces run without a barrier between them: one call, one phase. */
function joinSteps(program: Program, phases: Phase[], steps: readonly Step[]): number[] {
  const numbers: number[] = [];
  for (let i = 0; i < steps.length; ) {
    const { parallel, tasks, kernel } = steps[i];
    const joined: Kernel[] = [kernel];
    for (i++; parallel === "pieces" && i < steps.length && steps[i].parallel === "pieces"; i++)
      joined.push(steps[i].kernel);
    const name = `phase ${phases.length}`;
    program.define(name, 3, (k, a, b, c) => {
      for (const each of joined) k.call(each, a, b, c);
    });
    numbers.push(phases.length);
    phases.push({ name, parallel, tasks });
  }
  return numbers;
}
