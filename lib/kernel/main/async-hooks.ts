import { executionAsyncId } from "node:async_hooks";
import { hooksName } from "../shared.js";

/** What node:async_hooks keeps account with. */
interface Account {
  /** The side of C++. */
  readonly async_wrap: {
    /** Counters, in memory that C++ reads. */
    readonly async_hook_fields: Uint32Array;
    readonly constants: Readonly<Record<string, number>>;
    readonly clearAsyncIdStack: () => void;
  };
  /** The side of JavaScript: how deep it is in calls of hooks, and what they have turned on or off meanwhile. */
  readonly active_hooks: { call_depth: number; readonly tmp_array: unknown };
  readonly restoreActiveHooks: () => void;
}

const counted = ["kInit", "kBefore", "kAfter", "kDestroy", "kPromiseResolve"];

/**
 * Makes a hard stop bearable for Node. When V8 ends a callback in the middle, its entry stays on Node's stack of
 * asynchronous contexts, and as long as any hook is on (`AsyncLocalStorage` before Node 24, `node:test`, `domain`,
 * `createHook`), Node ends the process at the sight of that. So while a callback is being ended the hooks count as off and
 * nobody checks, and the first thing that runs behind it clears the stack and sets all that right again.
 *
 * No public way leads to Node's account, but a debugger sees what a function of node:async_hooks has in view: wire, which
 * ends the callback, looks there and hands over what it finds (`HookAccess`).
 */
export class MendableHooks {
  readonly #box: Partial<Account> = {};
  #released = false;
  #checks = 0;

  /** From here on wire finds what it needs, by a name: a cell may have put something else in the place of `Symbol`. */
  offer(): void {
    const value = { seen: executionAsyncId, box: this.#box, release: () => this.#release() };
    Object.defineProperty(globalThis, hooksName, { value });
  }

  get #account(): Account | undefined {
    return isAccount(this.#box) ? this.#box : undefined;
  }

  #release(): void {
    this.#released = true;
    const account = this.#account;
    if (account === undefined) return;
    const { async_hook_fields: fields, constants } = account.async_wrap;
    fields[constants.kTotals] = 0;
    this.#checks += fields[constants.kCheck];
    fields[constants.kCheck] = 0;
  }

  /** To be called behind a hard stop. */
  mend(): void {
    const account = this.#account;
    if (!this.#released || account === undefined) return;
    this.#released = false;
    const { async_wrap, active_hooks, restoreActiveHooks } = account;
    const { async_hook_fields: fields, constants, clearAsyncIdStack } = async_wrap;
    clearAsyncIdStack();
    // A hook may have been what was ended.
    active_hooks.call_depth = 0;
    if (active_hooks.tmp_array !== null) restoreActiveHooks();
    fields[constants.kCheck] += this.#checks;
    this.#checks = 0;
    fields[constants.kTotals] = counted.reduce((sum, name) => sum + fields[constants[name]], 0);
  }
}

/** Another version of Node may keep it in another way. */
function isAccount(box: Partial<Account>): box is Account {
  const { async_wrap, active_hooks, restoreActiveHooks } = box;
  const names = [...counted, "kTotals", "kCheck"];
  return (
    async_wrap?.async_hook_fields instanceof Uint32Array &&
    typeof async_wrap.clearAsyncIdStack === "function" &&
    names.every((name) => typeof async_wrap.constants?.[name] === "number") &&
    typeof active_hooks?.call_depth === "number" &&
    typeof restoreActiveHooks === "function"
  );
}
