import type { RunProgress } from "../notebook/run.js";
import { Progress } from "./progress.js";

/** A bar for a notebook's run: cells, and inside a cell what it says of itself. */
export function runProgress(label: string): {
  update(progress: RunProgress): void;
  end(text?: string): void;
} {
  const bar = new Progress({ label, unit: "cells" });
  return {
    update(progress) {
      switch (progress.step) {
        case "start":
          bar.update(0, progress.total, `starting ${progress.kernel}`);
          return;
        case "cell":
          bar.update(progress.done, progress.total);
          return;
        case "inside": {
          const { label: what, done, total } = progress.progress;
          const share = total > 0 ? Math.min(1, done / total) : 0;
          bar.update(progress.done + share, progress.total, `${what} ${done}/${total}`);
          return;
        }
        case "end":
          bar.update(progress.total, progress.total, "drawing the report");
          return;
        default:
          progress satisfies never;
      }
    },
    end: (text) => bar.end(text),
  };
}
