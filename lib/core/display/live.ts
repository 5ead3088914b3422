import { callback, type Given, number, options, readOption, text } from "@gradbook/base";
import { type EpochPoint, epochOption, errorCurves } from "../figures/error-curves.js";
import { liveSvg } from "./live-svg.js";
import { frontEnd, newDisplayId, publish } from "./publish.js";
import { figureMessage } from "./show.js";
import { type Clock, Throttle } from "./throttle.js";

const liveOptions = {
  /**
   * Written above the curves.
   * @default "Training"
   */
  title: text().or("Training"),
  /**
   * Milliseconds since some start.
   * @default () => performance.now()
   */
  clock: callback<Clock>().or(() => performance.now()),
};
/**
 * Options of `live`.
 * @interface
 */
export type LiveConfig = Given<typeof liveOptions>;

/** Curves that grow while `fit` runs; its two functions are `fit`'s callbacks. */
export interface LivePlot {
  /** `fit`'s callback of that name: adds a point to the error curves. */
  readonly onEpoch: (epoch: EpochPoint) => void;
  /** `fit`'s callback of that name: adds a point to the loss curve. */
  readonly onStep: (step: number, loss: number) => void;
  /** Puts the finished figure in place of the growing one; the saved notebook keeps only this. */
  end(): Promise<void>;
}

/**
 * A plot that grows while a network trains, updated at most ten times a second and for at most 2 % of the time.
 * @throws GradbookError when an option is unknown
 *
 * @example
 * ```ts
 * import { arrayDataset, fit, linear, live, sequential, sgd } from "gradbook";
 *
 * const train = arrayDataset(Float32Array.of(1, 0, 0, 1, 2, 1, 1, 3), [0, 1, 0, 1], [2]);
 * const model = sequential([linear({ in: 2, out: 2 })], { input: [2], seed: 1 });
 * const plot = live({ title: "SGD, batch 2" });
 * fit(model, { train, optimizer: sgd({ lr: 0.5 }), batch: 2, epochs: 3, onEpoch: plot.onEpoch, onStep: plot.onStep });
 * await plot.end();
 * ```
 */
export function live(config: LiveConfig = {}): LivePlot {
  const { title, clock } = options("live", liveOptions, config);
  const throttle = new Throttle(clock);
  const displayId = newDisplayId();
  const epochs: EpochPoint[] = [];
  const losses: number[] = [];
  let shown = false;

  const draw = () => {
    if (frontEnd() === "terminal") return;
    const svg = liveSvg(title, epochs, losses);
    const source = `data:image/svg+xml;base64,${Buffer.from(svg).toString("base64")}`;
    const last = epochs.at(-1);
    const words = last === undefined ? title : `${title}: epoch ${last.epoch}`;
    publish({
      data: {
        "text/html": `<img src="${source}" width="680" height="260" alt="growing curves">`,
        "text/plain": words,
      },
      displayId,
      update: shown,
    });
    shown = true;
  };
  return {
    onEpoch(epoch) {
      epochs.push(readOption("live.onEpoch", "epoch", epochOption, epoch));
      throttle.run(draw);
    },
    onStep(_step, loss) {
      losses.push(readOption("live.onStep", "loss", number(), loss));
      throttle.run(draw);
    },
    async end() {
      if (epochs.length === 0) return;
      const figure = errorCurves({ title, runs: [{ name: "", epochs }], layout: "grid" });
      publish({ ...(await figureMessage(figure)), displayId, update: shown });
      shown = true;
    },
  };
}
