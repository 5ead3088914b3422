import type { Answer, Job } from "./job.js";
import { Peer } from "./peer.js";
import { isQuiet, readBusy } from "./quiet.js";
import type { Lineup, System } from "./systems.js";
import type { Workload } from "./workloads.js";

export interface Settings {
  /** How often each system is measured, in turns; the median counts. */
  readonly rounds: number;
  /** How long one measurement takes. */
  readonly seconds: number;
  /** How long free cores are waited for before a round is given up, in seconds. */
  readonly patience: number;
  /** Counts rounds in which other processes used the cores, too. */
  readonly anyway: boolean;
}

export interface Row {
  readonly workload: string;
  readonly batch: number;
  readonly system: string;
  readonly threads: number;
  readonly imagesPerSecond: number;
  /** All rounds that counted, in their order. */
  readonly rounds: readonly number[];
}

export interface Missing {
  readonly workload: string;
  readonly batch: number;
  readonly system: string;
  readonly reason: string;
}

/** Seconds after which a system that has not answered is given up; torch.compile runs a C++ compiler before it is ready. */
const TIMEOUT = 60;
const COMPILE_TIMEOUT = 400;
const LONG_TIMEOUT = 300;
/** Why a figure is missing that could have been measured. */
export const DISTURBED = "other processes used the cores in every round";
/** How often a measurement is repeated until nobody else used the cores. */
const ATTEMPTS = 5;
const SPIN_MILLISECONDS = 50;

/** The systems' processes, and how they are measured. */
export class Bench {
  readonly #lineup: Lineup;
  readonly #settings: Settings;

  readonly #peers = new Map<string, Peer>();
  /** Name and version that a process gave. */
  readonly abouts = new Map<string, string>();
  /** Measurements that were thrown away. */
  disturbed = 0;
  /** How long free cores are waited for, in seconds. */
  #patience: number;
  #waitedInVain = 0;

  constructor(lineup: Lineup, settings: Settings) {
    this.#lineup = lineup;
    this.#settings = settings;

    this.#patience = settings.patience;
  }

  /** All systems on one workload and batch size: made ready first, then measured in turns. */
  async compare(workload: Workload, batch: number): Promise<{ rows: Row[]; missing: Missing[] }> {
    const { rounds, seconds } = this.#settings;
    const missing: Missing[] = [];
    const results = new Map<System, number[]>();
    const refuse = (system: System, reason: string) => {
      results.delete(system);
      missing.push({ workload: workload.id, batch, system: `${system.name}`, reason });
    };
    const jobOf = (system: System, time: number): Job => ({
      workload: workload.id,
      input: workload.input,
      layers: workload.layers,
      optimizer: workload.optimizer,
      batch,
      mode: system.mode,
      threads: system.threads,
      seconds: time,
    });
    for (const system of this.#lineup.systems) {
      const { reason } = await this.#ask(
        system.peer,
        jobOf(system, 0),
        system.mode === "compile" ? COMPILE_TIMEOUT : TIMEOUT,
      );
      if (reason === undefined) results.set(system, []);
      else refuse(system, reason);
    }
    for (let round = 0; round < rounds; round++) {
      for (const [system, found] of results) {
        const { imagesPerSecond, reason } = (await this.#quietly(system.peer, jobOf(system, seconds))) ?? {};
        if (imagesPerSecond !== undefined) found.push(imagesPerSecond);
        else if (reason !== undefined) refuse(system, reason);
      }
    }
    const rows: Row[] = [];
    for (const [system, found] of results) {
      if (found.length === 0) refuse(system, DISTURBED);
      else {
        const { name, threads } = system;
        const imagesPerSecond = Number(median(found).toPrecision(4));
        const counted = found.map((value) => Number(value.toPrecision(4)));
        rows.push({ workload: workload.id, batch, system: name, threads, imagesPerSecond, rounds: counted });
      }
    }
    return { rows, missing };
  }

  /**
   * One job in several rounds.
   * @returns the answers that count; a reason when there is none
   */
  async repeat(
    peer: string,
    job: Job,
    rounds: number = this.#settings.rounds,
  ): Promise<{ found: Answer[]; reason?: string }> {
    const found: Answer[] = [];
    for (let round = 0; round < rounds; round++) {
      const answer = await this.#quietly(peer, job);
      if (answer === undefined) continue;
      if (answer.reason !== undefined) return { found: [], reason: answer.reason };
      found.push(answer);
    }
    return found.length > 0 ? { found } : { found, reason: DISTURBED };
  }

  stop(): void {
    for (const peer of this.#peers.values()) peer.stop();
    this.#peers.clear();
  }

  /** Repeats a measurement until no other process used the cores; undefined when that does not happen. */
  async #quietly(name: string, job: Job): Promise<Answer | undefined> {
    const { anyway } = this.#settings;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      // threads of the system before, which have just finished, go on spinning for some milliseconds
      await pause(SPIN_MILLISECONDS);
      if (!anyway && !(await this.#coresAreFree())) return undefined;
      const before = readBusy(this.#pidsOf(name));
      const answer = await this.#ask(name, job, "features" in job ? LONG_TIMEOUT : TIMEOUT);
      if (answer.reason !== undefined || anyway || isQuiet(before, readBusy(this.#pidsOf(name))))
        return answer;
      this.disturbed++;
    }
    return undefined;
  }

  /** Waits until nobody uses the cores, or the patience is used up; whoever waited in vain twice waits no more. */
  async #coresAreFree(): Promise<boolean> {
    const since = performance.now();
    for (;;) {
      const before = readBusy([process.pid]);
      await pause(200);
      if (isQuiet(before, readBusy([process.pid]))) return true;
      if (performance.now() - since > 1000 * this.#patience) break;
    }
    if (++this.#waitedInVain >= 2) this.#patience = 0;
    return false;
  }

  #pidsOf(name: string): number[] {
    const pid = this.#peers.get(name)?.pid;
    return pid === undefined ? [process.pid] : [process.pid, pid];
  }

  async #ask(name: string, job: Job, timeout: number): Promise<Answer> {
    let peer = this.#peers.get(name);
    if (peer === undefined) {
      peer = new Peer(this.#lineup.commands[name]);
      const { about, reason } = await peer.about(TIMEOUT);
      if (about === undefined) return { reason: reason ?? "it did not start" };
      this.#peers.set(name, peer);
      this.abouts.set(name, about);
    }
    const answer = await peer.ask(job, timeout);
    // whoever was stopped or has crashed starts again with the next workload
    if (!peer.alive) this.#peers.delete(name);
    return answer;
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
