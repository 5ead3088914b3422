/** What a map's gradient is computed with: the readable definition, or the engine. */
export interface MapGradient {
  /**
   * ∂KL/∂y of a map, with the affinities multiplied by `exaggeration`.
   * @param y the map: [N, 2]
   * @param out where the gradient goes: [N, 2]
   */
  compute(y: Float64Array, exaggeration: number, out: Float64Array): void;
}

export interface DescentConfig {
  readonly iterations: number;
  readonly learningRate: number;
  /** The affinities are multiplied by it at first, so that clusters form and can still pass each other. */
  readonly exaggeration: number;
  /** Asked before each iteration, with the number already done; true ends the descent. */
  readonly stop: (done: number) => boolean;
}

/** Iterations with exaggerated affinities and the low momentum; a quarter of a run that is shorter than 1000. */
const EXAGGERATED = 250;
const MOMENTUM_EARLY = 0.5;
const MOMENTUM_LATE = 0.8;
const LEAST_GAIN = 0.01;

/**
 * Gradient descent with momentum and a gain for each coordinate (Jacobs 1988), as in the paper's own program. Changes y.
 * @returns the number of iterations done
 */
export function descend(gradient: MapGradient, y: Float64Array, config: DescentConfig): number {
  const { iterations, learningRate, stop } = config;
  const exaggerated = Math.min(EXAGGERATED, Math.floor(iterations / 4));
  const g = new Float64Array(y.length);
  const velocity = new Float64Array(y.length);
  const gains = new Float64Array(y.length).fill(1);
  for (let done = 0; done < iterations; done++) {
    if (stop(done)) return done;
    const early = done < exaggerated;
    const momentum = early ? MOMENTUM_EARLY : MOMENTUM_LATE;
    gradient.compute(y, early ? config.exaggeration : 1, g);
    for (let k = 0; k < y.length; k++) {
      // a step that would turn back (velocity runs downhill, against g) shrinks the gain; one that goes on raises it
      const goesOn = velocity[k] * g[k] < 0;
      gains[k] = Math.max(goesOn ? gains[k] + 0.2 : gains[k] * 0.8, LEAST_GAIN);
      velocity[k] = momentum * velocity[k] - learningRate * gains[k] * g[k];
      y[k] += velocity[k];
    }
    centre(y);
  }
  return iterations;
}

/** Distances alone matter, so the map may drift: its mean goes back to the origin. */
function centre(y: Float64Array): void {
  for (let axis = 0; axis < 2; axis++) {
    let sum = 0;
    for (let k = axis; k < y.length; k += 2) sum += y[k];
    const mean = sum / (y.length / 2);
    for (let k = axis; k < y.length; k += 2) y[k] -= mean;
  }
}
