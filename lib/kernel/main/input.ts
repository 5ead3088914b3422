import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import type { InputPrompt } from "@gradbook/base";
import { type SharedState, Word } from "../shared.js";
import type { InputAnswer } from "../threads.js";
import { currentCell, Interrupted } from "./cell.js";
import type { Notes } from "./notes.js";

interface Letter {
  readonly sync: boolean;
  readonly answer: InputAnswer;
}

/** Asks the person in front of the notebook (`input_request`), waiting on the spot or with a promise. */
export class Input implements InputPrompt {
  readonly #notes: Notes;
  readonly #port: MessagePort;
  readonly #words: Int32Array;
  #reader: { readonly settle: (answer: InputAnswer) => void; readonly ask: () => void } | undefined;

  constructor(notes: Notes, port: MessagePort, shared: SharedState) {
    this.#notes = notes;
    this.#port = port;
    this.#words = shared.words;
    port.on("message", (message: Letter) => this.#deliver(message));
  }

  /** Blocks until the front end has answered; an interrupt ends the wait. */
  askSync(prompt: string, password = false): string {
    const before = Atomics.load(this.#words, Word.inputAnswered);
    this.#post(prompt, password, true, currentCell()?.id ?? 0);
    for (let seen = before; ; seen = Atomics.load(this.#words, Word.inputAnswered)) {
      for (
        let post = receiveMessageOnPort(this.#port);
        post !== undefined;
        post = receiveMessageOnPort(this.#port)
      ) {
        const message: Letter = post.message;
        if (message.sync) {
          // There is one question at a time: the one that waited with a promise was forgotten for this one.
          this.#reader?.ask();
          return textOf(message.answer);
        }
        this.#deliver(message);
      }
      Atomics.wait(this.#words, Word.inputAnswered, seen);
    }
  }

  /** @param cell whose question it is; default: the cell whose code runs */
  async ask(prompt: string, password = false, cell = currentCell()?.id ?? 0): Promise<string> {
    const askFrontEnd = (): void => this.#post(prompt, password, false, cell);
    const answer = new Promise<InputAnswer>((settle) => {
      this.#reader = { settle, ask: askFrontEnd };
    });
    askFrontEnd();
    return textOf(await answer);
  }

  #post(prompt: string, password: boolean, sync: boolean, cell: number): void {
    this.#notes.post({ type: "input", cell, prompt, password, sync });
  }

  #deliver({ answer }: Letter): void {
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.settle(answer);
  }
}

function textOf(answer: InputAnswer): string {
  if ("value" in answer) return answer.value;
  if (answer.refused === "interrupted") throw new Interrupted();
  throw new Error(`No input: ${answer.refused}.`);
}

/** `prompt`, `confirm` and `alert` as in a browser: they return when the person has answered. */
export function patchDialogs(input: Input): void {
  const dialogs = {
    prompt(message = "", preset = ""): string | null {
      const hint = preset === "" ? "" : ` [${preset}]`;
      const answer = input.askSync(`${message}${hint} `);
      return answer === "" ? preset || null : answer;
    },
    confirm(message = ""): boolean {
      return /^\s*y/i.test(input.askSync(`${message} [y/N] `));
    },
    alert(message = ""): void {
      input.askSync(`${message} [Enter] `);
    },
  };
  Object.assign(globalThis, dialogs);
}
