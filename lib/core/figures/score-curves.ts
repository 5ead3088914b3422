import {
  configError,
  type Given,
  list,
  numbers,
  object,
  oneOf,
  option,
  shapeError,
  text,
} from "@gradbook/base";
import { type Figure, type FigureOptions, pack, plain, resolveOptions, short } from "./figure.js";
import { styledFigure } from "./own-figure.js";

const scoredRun = {
  /** In the legend. */
  name: text(),
  /** The larger, the surer that a sample is of the class; e.g. its probability. */
  scores: numbers("a score for each sample"),
  /** Whether each sample is of the class (true or 1) or not. */
  positive: option<ArrayLike<number | boolean>>(
    "a list of true and false, one for each sample",
    (v, what, name) => {
      if (Array.isArray(v)) return v.every((one) => [true, false, 0, 1].includes(one)) ? v : undefined;
      return numbers().parse(v, what, name);
    },
  ),
};
/** The scores of one classifier. */
export type ScoredRun = Given<typeof scoredRun>;

const scoreCurvesOptions = {
  /** The classifiers to compare, at most six. */
  runs: list(object(scoredRun), "a list of runs"),
  /**
   * Which curves: true against false positives, precision against recall, or both side by side.
   * @default "both"
   */
  curves: oneOf("roc", "precision-recall", "both").or("both"),
};
/**
 * Options of `scoreCurves`.
 * @interface
 */
export type ScoreCurvesConfig = FigureOptions & Given<typeof scoreCurvesOptions>;

/** The operating points of a classifier, from the strictest threshold to the loosest. */
interface Curve {
  readonly falsePositives: readonly number[];
  readonly recall: readonly number[];
  readonly precision: readonly number[];
  /** Area under the receiver operating characteristic. */
  readonly auc: number;
  /** Mean of the precisions, weighted by the gain in recall. */
  readonly averagePrecision: number;
  /** Share of the class among all samples: the precision of guessing. */
  readonly share: number;
}

/**
 * How well scores tell one class from the rest, over all thresholds: the receiver operating characteristic (ROC) with
 * its area (AUC), and precision against recall with the average precision (AP), as scikit-learn defines them. The
 * dotted lines are guessing.
 * @throws GradbookError when data is missing, of the wrong size, or an option is unknown
 *
 * @example
 * ```ts
 * import { scoreCurves } from "gradbook";
 *
 * const figure = scoreCurves({
 *   title: "Is it a 3?",
 *   runs: [{ name: "CNN", scores: [0.1, 0.4, 0.35, 0.8], positive: [false, false, true, true] }],
 * });
 * console.log(figure.layout.meta.description); // Is it a 3? ROC and precision–recall curves: CNN has AUC 0.750, AP 0.833; 2 of 4 samples are of the class.
 * ```
 */
export function scoreCurves(config: ScoreCurvesConfig): Figure {
  const { options, runs, curves } = resolveOptions("scoreCurves", scoreCurvesOptions, config);
  if (runs.length === 0) throw configError("scoreCurves", "no runs", "at least one");
  const found = runs.map((run) => ({ name: run.name, ...curveOf(run) }));
  const { theme, size } = options;
  const kinds = curves === "both" ? (["roc", "precision-recall"] as const) : [curves];
  const side = size.name === "column" && kinds.length === 2;
  const short1 = (values: readonly number[]) => pack(values.map(short));
  const traces = kinds.flatMap((kind, k) => {
    const axes = { xaxis: `x${k === 0 ? "" : k + 1}`, yaxis: `y${k === 0 ? "" : k + 1}` };
    const roc = kind === "roc";
    const guess = {
      type: "scatter",
      mode: "lines",
      x: [0, 1],
      y: roc ? [0, 1] : [short(found[0].share), short(found[0].share)],
      line: { color: theme.muted, width: 1, dash: "1px,3px" },
      hoverinfo: "skip",
      showlegend: false,
      ...axes,
    };
    return [
      guess,
      ...found.map((curve, i) => ({
        type: "scatter",
        mode: "lines",
        name: plain(legendOf(curve, kinds)),
        legendgroup: String(i),
        showlegend: k === 0,
        x: short1(roc ? curve.falsePositives : curve.recall),
        y: short1(roc ? curve.recall : curve.precision),
        line: {
          color: theme.series[i % theme.series.length],
          width: 2,
          dash: dashes[i % dashes.length],
          // Between two thresholds nothing is reached: precision falls at once, the ROC's steps are in its points.
          shape: roc ? "linear" : "vh",
        },
        hovertemplate: `${plain(curve.name)}: %{y:.3f} at %{x:.3f}<extra></extra>`,
        ...axes,
      })),
    ];
  });
  const columns = kinds.length === 1 || side ? 1 : 2;
  const rows = kinds.length / columns;
  const panel = columns === 2 ? (size.width - 150) / 2 : Math.min(size.width - 90, 360);
  const height = Math.round(options.top + found.length * size.text * 1.5 + rows * (panel + 56));
  const axes = Object.fromEntries(
    kinds.flatMap((kind, k) => {
      const n = k === 0 ? "" : String(k + 1);
      const [x, y] = kind === "roc" ? ["false positive rate", "true positive rate"] : ["recall", "precision"];
      const across = columns === 2 ? [k * 0.545, k * 0.545 + 0.455] : [0, panel / (size.width - 90)];
      const down = rows === 2 ? [k === 0 ? 0.56 : 0, k === 0 ? 1 : 0.44] : [0, 1];
      const common = { range: [-0.01, 1.01], dtick: 0.25, zeroline: false };
      return [
        [`xaxis${n}`, { ...common, domain: across, anchor: `y${n}`, title: { text: x } }],
        [`yaxis${n}`, { ...common, domain: down, anchor: `x${n}`, title: { text: y } }],
      ];
    }),
  );
  const words = found.map(
    ({ name, auc, averagePrecision }) =>
      `${name} has AUC ${auc.toFixed(3)}, AP ${averagePrecision.toFixed(3)}`,
  );
  const samples = runs[0].scores.length;
  const ending = /[.?!]$/.test(config.title) ? "" : ".";
  const kindWords = {
    roc: "ROC curve",
    "precision-recall": "Precision–recall curve",
    both: "ROC and precision–recall curves",
  };
  return styledFigure(
    options,
    {
      data: traces,
      layout: {
        ...axes,
        height,
        showlegend: true,
        margin: { t: options.top + found.length * size.text * 1.55 + 2 },
        legend: { orientation: "v" },
      },
      description: `${config.title}${ending} ${kindWords[curves]}: ${words.join("; ")}; ${Math.round(found[0].share * samples)} of ${samples} samples are of the class.`,
    },
    "scoreCurves",
  );
}

const dashes = ["solid", "7px,3px", "3px,2px", "9px,3px,2px,3px", "12px,4px", "2px,2px"];

function legendOf(
  { name, auc, averagePrecision }: Curve & { readonly name: string },
  kinds: readonly string[],
): string {
  const scores = kinds.map((kind) =>
    kind === "roc" ? `AUC ${auc.toFixed(3)}` : `AP ${averagePrecision.toFixed(3)}`,
  );
  return `${name} (${scores.join(", ")})`;
}

function curveOf({ name, scores, positive }: ScoredRun): Curve {
  const what = "scoreCurves";
  if (scores.length !== positive.length)
    throw shapeError(
      what,
      `${scores.length} scores and ${positive.length} samples of "${name}"`,
      "one score for each",
    );
  const order = Array.from(scores, (score, i) => ({ score, is: positive[i] === true || positive[i] === 1 }));
  if (order.some(({ score }) => !Number.isFinite(score)))
    throw configError(what, `a score of "${name}" that is not finite`, "finite scores");
  const members = order.filter(({ is }) => is).length;
  if (members === 0 || members === order.length)
    throw configError(
      what,
      `"${name}" has samples of one kind only`,
      "some of the class and some of the rest",
    );
  order.sort((a, b) => b.score - a.score);
  let [hits, alarms, auc, averagePrecision] = [0, 0, 0, 0];
  const falsePositives = [0];
  const recall = [0];
  const precision = [1];
  order.forEach(({ score, is }, i) => {
    if (is) hits++;
    else alarms++;
    // Samples of one score pass the threshold together.
    if (order[i + 1]?.score === score) return;
    const before = { fpr: falsePositives[falsePositives.length - 1], tpr: recall[recall.length - 1] };
    const now = {
      fpr: alarms / (order.length - members),
      tpr: hits / members,
      precision: hits / (hits + alarms),
    };
    auc += ((now.fpr - before.fpr) * (now.tpr + before.tpr)) / 2;
    averagePrecision += (now.tpr - before.tpr) * now.precision;
    falsePositives.push(now.fpr);
    recall.push(now.tpr);
    precision.push(now.precision);
  });
  return { falsePositives, recall, precision, auc, averagePrecision, share: members / order.length };
}
