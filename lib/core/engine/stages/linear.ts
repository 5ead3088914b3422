import {
  blockFeatures,
  blockFloats,
  blockMatrix,
  blockSamples,
  gemmKernel,
  gemmTasks,
  packKernel,
  packTasks,
  panelBytes,
  panelFloats,
  type RowBlocks,
  sampleTasks,
} from "../kernels/gemm.js";
import {
  linearSmallBackwardInput,
  linearSmallBackwardWeight,
  linearSmallForward,
} from "../kernels/linear-small.js";
import { type Buffer, features, roundUp } from "../memory.js";
import type { LinearSpec } from "../spec.js";
import {
  type Build,
  onPieces,
  onTasks,
  type PlanLayer,
  SMALL,
  type Stage,
  type StageBuffers,
  type StageSteps,
  type Step,
} from "./stage.js";

/** Batches up to this size are multiplied with the weights as they stand, however many those are. */
const FEW_SAMPLES = 4;

export function linearStage(layer: PlanLayer<LinearSpec>, batch: number): Stage {
  const { name, spec, output } = layer;
  const small = spec.in * spec.out <= SMALL || batch <= FEW_SAMPLES;
  return {
    name,
    shape: output,
    reads: "dense",
    writes: undefined,
    inPlace: false,
    params: layer.params,
    perPiece: small,
    work: spec.in * spec.out,
    build: (b, buffers) => (small ? buildSmall(b, buffers, layer) : buildProduct(b, buffers, layer)),
  };
}

/** Each piece by itself. */
function buildSmall(
  b: Build,
  { x, y, dx, dy }: StageBuffers,
  { spec, index }: PlanLayer<LinearSpec>,
): StageSteps {
  const weight = b.place(index, "weight");
  const bias = spec.bias ? b.place(index, "bias") : undefined;
  const forward = linearSmallForward(b.program, b.name("forward"), {
    x,
    y,
    weight: weight.weight,
    bias: bias?.weight,
  });
  const backward = [
    linearSmallBackwardWeight(b.program, b.name("backward weight"), {
      x,
      dy,
      dw: weight.gradient,
      db: bias?.gradient,
      pieceBytes: b.pieceBytes,
    }),
  ];
  if (dx !== undefined) {
    const o = { dy, dx, weight: weight.weight };
    backward.push(linearSmallBackwardInput(b.program, b.name("backward input"), o));
  }
  return { forward: [onPieces(forward)], backward: backward.map(onPieces) };
}

/** The whole batch as one matrix product for y, one for dW and one for dx, each cut into blocks of the result. */
function buildProduct(
  b: Build,
  { x, y, dx, dy }: StageBuffers,
  { spec, index }: PlanLayer<LinearSpec>,
): StageSteps {
  const { in: I, out: O } = spec;
  const weight = b.place(index, "weight");
  const bias = spec.bias ? b.place(index, "bias") : undefined;
  const xRow = 4 * x.layout.size;
  const blocksOf = (rows: number, depth: number): RowBlocks => ({
    rows,
    depth,
    address: b.arena.floats(blockFloats({ rows, depth })),
  });
  const samples = (what: string, values: Buffer, most: number): [RowBlocks, Step] => {
    const blocks = blocksOf(most, roundUp(features(values), 4));
    return [blocks, onTasks(blockSamples(b.program, b.name(`${what} blocks`), values, blocks), sampleTasks)];
  };

  // y[n,o] = Σ_i x[n,i] · w[o,i] + b[o]
  const [inputs, blockInputs] = samples("input", x, b.capacity);
  const forward = [
    blockInputs,
    ...multiply(b, "forward", {
      ...blockMatrix(inputs),
      b: { address: weight.weight, row: 4, column: 4 * I },
      c: { address: y.address, row: 4 * y.layout.size, column: 4 },
      rows: undefined,
      depth: I,
      columns: O,
      bias: bias?.weight,
    }),
  ];
  // dw[o,i] = Σ_n dy[n,o] · x[n,i] and db[o] = Σ_n dy[n,o]
  const grads = blocksOf(O, b.batch);
  const backward = [
    onPieces(blockFeatures(b.program, b.name("grad blocks"), dy, grads)),
    ...multiply(b, "backward weight", {
      ...blockMatrix(grads),
      b: { address: x.address, row: xRow, column: 4 },
      c: { address: weight.gradient, row: 4 * I, column: 4 },
      rows: O,
      depth: undefined,
      columns: I,
      rowSums: bias?.gradient,
    }),
  ];
  if (dx !== undefined) {
    // dx[n,i] = Σ_o dy[n,o] · w[o,i]
    const [outputs, blockOutputs] = samples("output", dy, b.batch);
    backward.push(
      blockOutputs,
      ...multiply(b, "backward input", {
        ...blockMatrix(outputs),
        b: { address: weight.weight, row: 4 * I, column: 4 },
        c: { address: dx.address, row: xRow, column: 4 },
        rows: undefined,
        depth: O,
        columns: I,
      }),
    );
  }
  return { forward, backward };
}

type ProductShape = Omit<Parameters<typeof gemmKernel>[2], "panels" | "panelBytes" | "bias"> & {
  readonly b: Parameters<typeof packKernel>[2]["b"];
  readonly bias?: number | undefined;
};

function multiply(build: Build, what: string, { b, bias, ...g }: ProductShape): Step[] {
  const most = g.depth ?? build.batch;
  const panels = build.scratch(panelFloats(most, g.columns));
  const common = { panels, panelBytes: panelBytes(most), depth: g.depth, columns: g.columns };
  const pack = packKernel(build.program, build.name(`${what} pack`), { ...common, b });
  const multiplied = gemmKernel(build.program, build.name(what), { ...g, ...common, bias });
  return [
    onTasks(pack, () => packTasks(g.columns)),
    onTasks(multiplied, (samples) => gemmTasks(g.rows ?? samples, g.columns)),
  ];
}
