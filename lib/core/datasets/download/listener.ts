/** Who wants to know how a download goes on: a progress bar, or nobody. */
export interface DownloadListener {
  /**
   * @param done bytes so far, including those of an earlier, interrupted call
   * @param total bytes in all, as far as known
   * @param text what is being done: "train-images-idx3-ubyte from storage.googleapis.com"
   */
  progress(done: number, total: number, text: string): void;
  /** Something worth a line of its own: a mirror that failed, another process that is waited for. */
  note(text: string): void;
}

export const silent: DownloadListener = { progress: () => {}, note: () => {} };

/** Why a mirror is given up; the next one is tried. Trouble with the own disk is a GradbookError and ends it all. */
export class MirrorFailure extends Error {
  override readonly name = "MirrorFailure";
}

/** How long a silent partner is waited for, in milliseconds. */
export interface Patience {
  /** Until the first answer: short, because behind a closed firewall every mirror costs as much. */
  readonly connect: number;
  /** Between two pieces of an answer. */
  readonly stall: number;
  /** Before a cut connection is tried again. */
  readonly pause: number;
}

export const patience: Patience = { connect: 5_000, stall: 20_000, pause: 300 };
