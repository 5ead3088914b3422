import { setWorkedElsewhere } from "../driving/patience.js";
import { randomSource, seedOf, setRandomElsewhere } from "../driving/random-source.js";
import { ops, Peer, type PeerOptions } from "../outside/peer.js";
import { setSource } from "../reading/source-of.js";
import { Channel } from "./channel.js";
import { LoadError } from "./import-file.js";
import type { Loss } from "./lost.js";

/** Loading compiles and imports: it may take as many times longer. */
const loading = 3;

/** The examined code, in a process of its own, as stubs: what is called here runs there. */
export class Outside {
  readonly #channel: Channel;
  readonly #peer: Peer;
  readonly #onLost: (loss: Loss) => never;
  /** Seeds of Math.random over there, the innermost last. */
  readonly #random: { key: string; seed: string }[] = [];
  #keys = 0;
  #draws = 0;
  #worked = 0;

  /** @param cpuMs milliseconds that one call may compute */
  constructor(cpuMs: number, onLost: (loss: Loss) => never) {
    this.#onLost = onLost;
    this.#channel = new Channel(cpuMs, onLost);
    this.#channel.setPatience(loading);
    this.#peer = new Peer(this.#options());
    setWorkedElsewhere(() => this.#worked);
    setRandomElsewhere({
      begin: (seed) => {
        this.#draws = 0;
        this.#random.push({ key: String(++this.#keys), seed });
      },
      end: () => {
        this.#random.pop();
        return this.#draws;
      },
    });
  }

  /** @throws LoadError when the code throws while it is loaded */
  load(path: string): Record<string, unknown> {
    let exported: unknown;
    try {
      exported = this.#peer.load(path);
    } catch (error) {
      throw new LoadError(error instanceof Error ? error.message : String(error));
    }
    this.#channel.setPatience(1);
    if (typeof exported !== "object" || exported === null) return this.#onLost({ how: "tampered", code: "" });
    return { ...exported };
  }

  end(): void {
    this.#channel.end();
  }

  #options(): PeerOptions {
    return {
      first: 2,
      line: this.#channel,
      seedOf,
      randomOf: randomSource,
      onSource: (stub, source) => setSource(stub, source),
      allows,
      onBroken: (how) => this.#onLost({ how, code: "" }),
      extras: {
        write: (w) => {
          const { key, seed } = this.#random.at(-1) ?? { key: "", seed: "" };
          w.text(key);
          w.text(seed);
        },
        read: (r) => {
          this.#draws = r.double();
          this.#worked = r.double();
        },
      },
    };
  }
}

/** Only what was handed over can be called or read from there. */
function allows(op: number, { heap }: Peer, [target, key]: readonly unknown[]): boolean {
  if ((typeof target !== "object" && typeof target !== "function") || target === null) return false;
  const entry = heap.entryOf(target);
  if (entry?.own !== true) return false;
  if (op === ops.apply) return typeof target === "function";
  return (op === ops.get || op === ops.set) && typeof key === "string" && isAccessor(target, key);
}

function isAccessor(object: object, key: string): boolean {
  for (let holder: unknown = object; typeof holder === "object" && holder !== null; ) {
    const d = Object.getOwnPropertyDescriptor(holder, key);
    if (d !== undefined) return d.get !== undefined;
    holder = Object.getPrototypeOf(holder);
  }
  return false;
}
