// npm run test:doctor -- [--count 300] [--correct 200] [--seed S] [--verbose] — the gradient doctor's proofs with their
// figures: every entry of its catalogue found and named, random mutants of the definitions' source called wrong with the
// right tensor and axis, random correct layers left in peace. Exit code 1 when a figure is missed.
import { parseArgs } from "node:util";
import { proveMutants } from "#doctor/proof/prove.test.helper.js";
import { proveCatalogue } from "#doctor/proof/prove-catalogue.test.helper.js";
import { proveCorrect } from "#doctor/proof/prove-correct.test.helper.js";

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "300" },
    correct: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
    verbose: { type: "boolean", default: false },
  },
});

/** One line for each operation, and one for all of them; each measure counts the outcomes it holds for. */
function table<T>(
  title: string,
  outcomes: readonly T[],
  operation: (o: T) => string,
  measures: Readonly<Record<string, (o: T) => boolean>>,
): void {
  const names = Object.keys(measures);
  console.log(`\n${title}`);
  console.log(["".padEnd(22), "all".padStart(6), ...names.map((n) => n.padStart(n.length + 3))].join(""));
  const line = (name: string, list: readonly T[]) =>
    console.log(
      [
        name.padEnd(22),
        String(list.length).padStart(6),
        ...names.map((n) => String(list.filter(measures[n]).length).padStart(n.length + 3)),
      ].join(""),
    );
  for (const name of [...new Set(outcomes.map(operation))].sort())
    line(
      name,
      outcomes.filter((o) => operation(o) === name),
    );
  line("together", outcomes);
}

const catalogue = proveCatalogue();
const entries = new Set(catalogue.map((o) => o.id)).size;
table(
  `The catalogue: ${entries} entries, each made in every way that is known`,
  catalogue,
  (o) => o.operation,
  { "called wrong": (o) => o.verdict === "wrong", named: (o) => o.named },
);
for (const o of catalogue) if (!o.named) console.log(`  not named: ${o.id}: ${o.said}`);

const mutants = proveMutants(Number(values.count), `mutants ${values.seed}`);
table("Random edits of the definitions' source", mutants, (o) => o.student, {
  "called wrong": (o) => o.verdict === "wrong",
  "right tensor": (o) => o.tensor,
  "right tensor and axis": (o) => o.tensor && o.axis,
});
for (const o of mutants)
  if (o.verdict !== "wrong" || !o.tensor || (values.verbose && !o.axis))
    console.log(`  ${o.verdict}, axes ${o.axes}: ${o.loop} ${o.edit}\n    ${o.said}`);

const correct = proveCorrect(Number(values.correct), `correct ${values.seed}`);
table("Random correct layers, a third of them badly scaled", correct, (o) => o.operation, {
  correct: (o) => o.verdict === "correct",
  unsure: (o) => o.verdict === "unsure",
  "false alarms": (o) => o.verdict === "wrong",
});
for (const o of correct) if (o.verdict !== "correct") console.log(`  ${o.verdict}: ${o.title}: ${o.said}`);

const placed = mutants.filter((o) => o.verdict === "wrong" && o.tensor && o.axis).length;
const goals = [
  [`all ${entries} entries named (60 or more)`, entries >= 60 && catalogue.every((o) => o.named)],
  ["no mutant is called correct", mutants.every((o) => o.verdict !== "correct")],
  [
    `${((100 * placed) / mutants.length).toFixed(1)} % of ${mutants.length} mutants placed (90 %)`,
    placed >= 0.9 * mutants.length,
  ],
  [`no false alarm on ${correct.length} correct layers`, correct.every((o) => o.verdict !== "wrong")],
] as const;
console.log("");
for (const [words, reached] of goals) console.log(`${reached ? "✓" : "✗"} ${words}`);
process.exitCode = goals.every(([, reached]) => reached) ? 0 : 1;
