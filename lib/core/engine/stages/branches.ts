import { accumulate, addUp } from "../kernels/add.js";
import { copy } from "../kernels/copy.js";
import type { Buffer } from "../memory.js";
import type { BranchSpec } from "../spec.js";
import { onPieces, type PlanLayer, type Stage, type Step } from "./stage.js";

const plain = { reads: "any", writes: undefined, params: [], perPiece: false, work: 0 } as const;

/** Where branches begin: nothing is computed forward; backward, the branches' gradients are added up. */
export function forkStage({ name, output }: PlanLayer<BranchSpec>): Stage {
  return {
    ...plain,
    name,
    shape: output,
    branching: "fork",
    inPlace: true,
    build(b, { dx, starts = [] }) {
      const others = starts.filter((grads) => grads !== undefined);
      if (dx === undefined) return { forward: [], backward: [] };
      const backward = others.map((grads, i) =>
        onPieces(accumulate(b.program, b.name(`backward ${i + 1}`), grads, dx)),
      );
      return { forward: [], backward };
    },
  };
}

/** The next branch: the fork's value in memory of its own, so that each may have the layout that its first layer reads. */
export function branchStage({ name, output }: PlanLayer<BranchSpec>): Stage {
  return {
    ...plain,
    name,
    shape: output,
    branching: "branch",
    inPlace: false,
    build(b, { x, y }) {
      return { forward: [onPieces(copy(b.program, b.name("forward"), x, y))], backward: [] };
    },
  };
}

/** The sum of the branches, or their channels one behind the other. */
export function joinStage({ name, spec, output }: PlanLayer<BranchSpec>): Stage {
  return {
    ...plain,
    name,
    shape: output,
    branching: "join",
    inPlace: false,
    build(b, { y, dy, ends = [] }) {
      const values = ends.map(({ value }) => value);
      const split = spec.kind === "concat";
      const forward: Step[] = split
        ? channelsOf(y, values).map((part, i) =>
            onPieces(copy(b.program, b.name(`forward ${i + 1}`), values[i], part)),
          )
        : [onPieces(addUp(b.program, b.name("forward"), values, y))];
      const sources = split ? channelsOf(dy, values) : values.map(() => dy);
      const backward = ends.flatMap(({ grads }, i) =>
        grads === undefined
          ? []
          : [onPieces(copy(b.program, b.name(`backward ${i + 1}`), sources[i], grads))],
      );
      return { forward, backward };
    },
  };
}

/** The channels, or features, of a buffer that belong to each of the values, one behind the other. */
function channelsOf({ address, layout }: Buffer, values: readonly Buffer[]): Buffer[] {
  const channels = values.reduce((sum, { layout: { C } }) => sum + C, 0) === layout.C;
  let first = 0;
  return values.map(({ layout: { C, W } }) => {
    const part = channels
      ? { address: address + 4 * first * layout.plane, layout: { ...layout, C } }
      : { address: address + 4 * first, layout: { ...layout, W } };
    first += channels ? C : W;
    return part;
  });
}
