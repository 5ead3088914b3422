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
/** How often a measurement is repeated until nobody else used the cores. */
const ATTEMPTS = 15;

/** The systems' processes, and how they are measured. */
export class Bench {
  private readonly peers = new Map<string, Peer>();
  /** Name and version that a process gave. */
  readonly abouts = new Map<string, string>();
  disturbed = 0;

  constructor(
    private readonly lineup: Lineup,
    private readonly settings: Settings,
  ) {}

  /** All systems on one workload and batch size: made ready first, then measured in turns. */
  async compare(workload: Workload, batch: number): Promise<{ rows: Row[]; missing: Missing[] }> {
    const { rounds, seconds } = this.settings;
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
    for (const system of this.lineup.systems) {
      const { reason } = await this.ask(
        system.peer,
        jobOf(system, 0),
        system.mode === "compile" ? COMPILE_TIMEOUT : TIMEOUT,
      );
      if (reason === undefined) results.set(system, []);
      else refuse(system, reason);
    }
    for (let round = 0; round < rounds; round++) {
      for (const [system, found] of results) {
        const { imagesPerSecond, reason } = await this.quietly(system.peer, jobOf(system, seconds));
        if (imagesPerSecond !== undefined) found.push(imagesPerSecond);
        else if (reason !== undefined) refuse(system, reason);
      }
    }
    const rows: Row[] = [];
    for (const [system, found] of results) {
      if (found.length === 0) refuse(system, "other processes used the cores in every round");
      else {
        const { name, threads } = system;
        const imagesPerSecond = Number(median(found).toPrecision(4));
        const counted = found.map((value) => Number(value.toPrecision(4)));
        rows.push({ workload: workload.id, batch, system: name, threads, imagesPerSecond, rounds: counted });
      }
    }
    return { rows, missing };
  }

  /** GEMM 1024³ of a process, in GFLOP/s; the median of the rounds. */
  async gemm(peer: string, threads: number): Promise<Answer> {
    const found: number[] = [];
    const job: Job = { workload: "GEMM", size: 1024, threads, seconds: this.settings.seconds };
    for (let round = 0; round < this.settings.rounds; round++) {
      const { gflops, reason } = await this.quietly(peer, job);
      if (gflops !== undefined) found.push(gflops);
      else if (reason !== undefined) return { reason };
    }
    if (found.length === 0) return { reason: "other processes used the cores in every round" };
    return { gflops: Number(median(found).toPrecision(4)) };
  }

  stop(): void {
    for (const peer of this.peers.values()) peer.stop();
    this.peers.clear();
  }

  /** Repeats a measurement until no other process used the cores; an empty answer when that never happens. */
  private async quietly(name: string, job: Job): Promise<Answer> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      // threads that have just finished go on spinning for some milliseconds
      await pause(50 + 200 * attempt);
      const pids = [process.pid, this.peers.get(name)?.pid ?? process.pid];
      const before = readBusy(pids);
      const answer = await this.ask(name, job, TIMEOUT);
      if (answer.reason !== undefined || this.settings.anyway || isQuiet(before, readBusy(pids)))
        return answer;
      this.disturbed++;
    }
    return {};
  }

  private async ask(name: string, job: Job, timeout: number): Promise<Answer> {
    let peer = this.peers.get(name);
    if (peer === undefined) {
      peer = new Peer(this.lineup.commands[name]);
      const { about, reason } = await peer.about(TIMEOUT);
      if (about === undefined) return { reason: reason ?? "it did not start" };
      this.peers.set(name, peer);
      this.abouts.set(name, about);
    }
    const answer = await peer.ask(job, timeout);
    // whoever was stopped or has crashed starts again with the next workload
    if (!peer.alive) this.peers.delete(name);
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
