import { dirname, join, relative } from "node:path";
import { parseArgs } from "node:util";
import { ensureMnist } from "@gradbook/core/internal";
import { assertOwnOverview, writeOverview } from "../report/overview.js";
import { locateNotebook, locateReport } from "../report/place.js";
import { makeReport } from "../report/report.js";
import { needsStandIn } from "../report/variables.js";
import type { Command } from "./command.js";
import { interruptible } from "./interruptible.js";
import { Progress } from "./progress.js";
import { parseData, parseOut, parseScale, standInWords } from "./report.js";
import { runProgress } from "./run-progress.js";

const usage = `gradbook start [options]

What npm start does: gets MNIST, runs notebooks/hw4.ipynb from top to bottom, writes reports/quick/hw4/, which git
ignores. Where MNIST cannot be downloaded, held-out training images stand in for the test images, and the report goes to
reports/stand-in/hw4/.

  --scale quick|full   quick takes a minute; full is the original's size and writes reports/hw4/ (default quick)
  --data DIR           your own copy of the four MNIST files (default: data/mnist, fetched when missing)
  --out DIR            write DIR/hw4/ instead`;

export const command: Command = {
  usage,
  async run(args) {
    const { values } = parseArgs({
      args: [...args],
      options: { scale: { type: "string" }, data: { type: "string" }, out: { type: "string" } },
    });
    const scale = parseScale(values.scale);
    const data = parseData(values.data);
    const started = performance.now();
    if (data === undefined) await getMnist();
    const standIn = needsStandIn(locateNotebook("hw4").notebook, data);
    const place = locateReport("hw4", { scale, standIn }, parseOut(values.out));
    assertOwnOverview(dirname(place.folder));
    console.log(`Running notebooks/hw4.ipynb at ${scale} scale in a fresh kernel`);
    const bar = runProgress("hw4");
    try {
      // A newcomer wants to see it run, also when the report that came with the clone is up to date.
      const options = { scale, standIn: true, force: true, onProgress: bar.update };
      await interruptible((signal) => makeReport(place, { ...options, signal, data }));
      writeOverview(dirname(place.folder));
    } finally {
      bar.end();
    }
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    console.log(
      `Done in ${seconds} s. Open the report: ${relative(process.cwd(), join(place.folder, "index.html"))}`,
    );
    if (standIn) console.log(standInWords);
    return 0;
  },
};

async function getMnist(): Promise<void> {
  const bar = new Progress({ label: "MNIST", unit: "bytes" });
  try {
    const { heldOut, reason } = await ensureMnist({
      progress: (done, total, text) => bar.update(done, total, text),
      note: (text) => bar.note(text),
    });
    bar.end(heldOut ? undefined : "MNIST ready; all checksums match");
    if (heldOut) {
      console.log(`Could not download MNIST: ${reason ?? "no mirror responded"}`);
      console.log("Continuing with 10,000 training digits of the npm package mnist.");
    }
  } finally {
    bar.end();
  }
}
