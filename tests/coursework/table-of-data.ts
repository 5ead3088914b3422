import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fit, fitTable, lastEpoch, linear, mse, readTable, sequential, sgd } from "gradbook";

const path = join(mkdtempSync(join(tmpdir(), "gradbook-test-")), "flats.csv");
const row = (i: number) => `${1 + (i % 5)},${["Bonn", "Köln"][i % 2]},${300 * (1 + (i % 5)) + 200 * (i % 2)}`;
writeFileSync(path, ["rooms,town,rent", ...Array.from({ length: 40 }, (_, i) => row(i))].join("\n"));
const table = readTable(path);
const fitted = fitTable(table.rows([...Array(30).keys()]), { target: "rent" }); // learned from these rows alone
const [train, test] = [
  fitted.dataset(table.rows([...Array(30).keys()])),
  fitted.dataset(table.rows([30, 31, 32])),
];
const model = sequential([linear({ in: fitted.inputs.length, out: 1 })], { input: [3], seed: 1 });
const run = fit(model, { train, test, loss: mse(), optimizer: sgd({ lr: 0.1 }), epochs: 100 });
export const ok = lastEpoch(run).testError < 50;
