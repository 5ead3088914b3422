import { executionAsyncId } from "node:async_hooks";
import { type Runtime, Session } from "node:inspector";
import { releaseName } from "../shared.js";

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
 * @returns to be called behind a hard stop
 */
export function mendableHooks(): () => void {
  let released = false;
  let checks = 0;
  const account = findAccount();
  const release = (): void => {
    released = true;
    if (account === undefined) return;
    const { async_hook_fields: fields, constants } = account.async_wrap;
    fields[constants.kTotals] = 0;
    checks += fields[constants.kCheck];
    fields[constants.kCheck] = 0;
  };
  // By a name and not a symbol: a cell may have put something else in the place of `Symbol`.
  Object.defineProperty(globalThis, releaseName, { value: release });
  return () => {
    if (!released || account === undefined) return;
    released = false;
    const { async_wrap, active_hooks, restoreActiveHooks } = account;
    const { async_hook_fields: fields, constants, clearAsyncIdStack } = async_wrap;
    clearAsyncIdStack();
    // A hook may have been what was ended.
    active_hooks.call_depth = 0;
    if (active_hooks.tmp_array !== null) restoreActiveHooks();
    fields[constants.kCheck] += checks;
    checks = 0;
    fields[constants.kTotals] = counted.reduce((sum, name) => sum + fields[constants[name]], 0);
  };
}

const boxName = "$gradbook_box$";

/** No public way leads to it, but a debugger sees what a function of node:async_hooks has in view. */
function findAccount(): Account | undefined {
  const session = new Session();
  session.connect();
  const box: Record<string, unknown> = { seen: executionAsyncId };
  Object.defineProperty(globalThis, boxName, { value: box, configurable: true });
  try {
    const objectId = evaluate(session, `${boxName}.seen`);
    const scopes = propertiesOf(session, objectId).internalProperties?.find(
      ({ name }) => name === "[[Scopes]]",
    );
    for (const { value: scope } of propertiesOf(session, scopes?.value?.objectId).result)
      for (const { name, value } of propertiesOf(session, scope?.objectId).result) {
        if (!/^(?:async_wrap|active_hooks|restoreActiveHooks)$/.test(name)) continue;
        const functionDeclaration = `function (value) { ${boxName}.${name} = value }`;
        const given = [{ objectId: value?.objectId }];
        session.post("Runtime.callFunctionOn", { functionDeclaration, objectId, arguments: given });
      }
  } finally {
    Reflect.deleteProperty(globalThis, boxName);
    session.disconnect();
  }
  return isAccount(box) ? box : undefined;
}

// To its own thread a session answers before it returns.

function evaluate(session: Session, expression: string): string | undefined {
  let id: string | undefined;
  session.post("Runtime.evaluate", { expression }, (_, answer) => {
    id = answer?.result.objectId;
  });
  return id;
}

function propertiesOf(session: Session, objectId: string | undefined): Runtime.GetPropertiesReturnType {
  let found: Runtime.GetPropertiesReturnType = { result: [] };
  if (objectId === undefined) return found;
  session.post("Runtime.getProperties", { objectId, ownProperties: true }, (failure, answer) => {
    if (failure === null) found = answer;
  });
  return found;
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
