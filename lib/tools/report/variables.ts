import { dirname } from "node:path";
import { isHere, type StandInPolicy, standInVariable } from "@gradbook/core/internal";

/** What a run tells the notebook, as variables of its kernel. */
export interface RunVariables {
  /** How large it is to be. Default: as in the environment. */
  readonly scale?: string;
  /** Somebody's own copy of the data. */
  readonly data?: string;
  /** Whether training images may stand in for MNIST's test images. Otherwise `loadMnist` throws without the files. */
  readonly standIn: boolean;
}

export function runVariables({ scale, data, standIn }: RunVariables): Readonly<Record<string, string>> {
  const policy: StandInPolicy = standIn ? "allow" : "refuse";
  return {
    ...(scale === undefined ? {} : { GRADBOOK_SCALE: scale }),
    ...(data === undefined ? {} : { GRADBOOK_DATA: data }),
    [standInVariable]: policy,
  };
}

/** Whether a run of a notebook would have to go without MNIST: somebody's own data never have a stand-in. */
export function needsStandIn(notebook: string, data: string | undefined): boolean {
  return data === undefined && !isHere("mnist", dirname(notebook));
}
