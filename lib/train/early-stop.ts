import { refuseUnknownKeys } from "../errors/error.js";
import { parseCount } from "../layers/config.js";
import type { Epoch } from "./history.js";

export interface EarlyStopConfig {
  /** What has to go down; default "testLoss". */
  readonly watch?: "testLoss" | "testError" | "trainLoss" | "trainError";
  /** Epochs without a new minimum before the run ends; default 3. */
  readonly patience?: number;
}

/** A callback for `onEpoch`; a resumed run tells it of the epochs before. */
export interface EarlyStop {
  (epoch: Epoch): "stop" | undefined;
  readonly resume: (epochs: readonly Epoch[]) => void;
}

/**
 * An `onEpoch` callback that ends a run which no longer improves.
 *
 *     fit(model, { …, onEpoch: earlyStop({ patience: 5 }) })
 */
export function earlyStop(config: EarlyStopConfig = {}): EarlyStop {
  refuseUnknownKeys("earlyStop", config, ["watch", "patience"]);
  const watch = config.watch ?? "testLoss";
  const patience = parseCount("earlyStop", "patience", config.patience ?? 3);
  let best = Number.POSITIVE_INFINITY;
  let since = 0;
  const see = (epoch: Epoch): "stop" | undefined => {
    since = epoch[watch] < best ? 0 : since + 1;
    best = Math.min(best, epoch[watch]);
    return since >= patience ? "stop" : undefined;
  };
  return Object.assign(see, { resume: (epochs: readonly Epoch[]) => epochs.forEach(see) });
}
