import { noBackward } from "../diagnosis.js";
import type { Calibrated } from "../driving/calibrate.js";
import type { Examination, OnCall } from "../types.js";
import { judgeForward } from "./judge-forward.js";
import { judgeGradients } from "./judge-gradients.js";
import { checkPromises, isDeterministic } from "./promises.js";
import { withdrawUnproven } from "./proof.js";
import type { Report } from "./report.js";
import { checkSpecials } from "./specials.js";
import { judging, runTrial, type Trial } from "./trial.js";

/** Examines a layer that can be run: forward, every gradient, promises, special values. */
export function examineLayer(subject: string, code: Calibrated, onCall: OnCall): Examination {
  const { operation } = code;
  const report: Report = { findings: [], checked: [], conventions: [...code.conventions], open: [], own: [] };
  const { cases } = operation.cases(code.can);
  const all = cases.map((c) => runTrial(code, c, onCall));
  const trials = all.filter((t) => !isRefusal(t, report));
  onCall(judging, "");

  const sound = trials.find((t) => t.fault === undefined);
  if (sound !== undefined && !isDeterministic(code, sound, report)) return concluded(subject, code, report);
  const forward = judgeForward(code, trials, report);
  if (code.hasBackward) judgeGradients(code, trials, forward, report);
  else report.open.push(noBackward);
  const broken = trials.every((t) => t.fault !== undefined);
  if (!broken) {
    checkPromises(code, trials, forward, report, onCall);
    checkSpecials(code, forward, report, onCall);
  }
  withdrawUnproven(subject, code, trials, forward, report);
  return concluded(subject, code, report);
}

function concluded(subject: string, { operation, hasBackward }: Calibrated, report: Report): Examination {
  const { findings, open } = report;
  // helpers that are used without a way back
  const forwardAlone = operation.kind === "softmax" || operation.kind === "im2col";
  return {
    subject,
    kind: operation.kind,
    verdict:
      findings.length > 0
        ? "wrong"
        : open.length > 0 && !(forwardAlone && !hasBackward)
          ? "unsure"
          : "correct",
    findings,
    checked: [...report.checked, ...open.map((o) => `not checked: ${o}`)],
    conventions: report.conventions,
  };
}

/** Code may refuse sizes that the stride does not divide, with an error of its own: a habit, not a mistake. */
function isRefusal(trial: Trial, report: Report): boolean {
  const { fault, case: c } = trial;
  const { H, W, KH, KW, SH, SW, PH, PW } = c.sizes;
  const uneven = SH !== undefined && ((H + 2 * PH - KH) % SH !== 0 || (W + 2 * PW - KW) % SW !== 0);
  if (fault?.sort !== "throws" || fault.phase === "backward" || !uneven) return false;
  const words = "sizes that the stride does not divide are refused";
  if (!report.conventions.includes(words)) report.conventions.push(words);
  return true;
}
