import type { Runtime, Session } from "node:inspector";
import { hooksName } from "../shared.js";

/** What `MendableHooks` works with. */
const wanted = /^(?:async_wrap|active_hooks|restoreActiveHooks)$/;

/** Makes main ready for a hard stop, over a debugger's session with it: also when main is in a loop. */
export class HookAccess {
  /** Whether main has what a debugger finds for it. */
  #found = false;

  /** @returns whether main is ready; deep in a recursion it may have no room for that */
  async release(session: Session): Promise<boolean> {
    try {
      if (!this.#found) await this.#find(session);
      this.#found = true;
      await evaluate(session, `${hooksName}.release()`);
      return true;
    } catch {
      // The session is over, or main had no room: whoever asked knows when to try again.
      return false;
    }
  }

  /** Without waiting for an answer. */
  releaseAgain(session: Session): void {
    session.post("Runtime.evaluate", { expression: `${hooksName}.release()` });
  }

  async #find(session: Session): Promise<void> {
    const { objectId } = await evaluate(session, `${hooksName}.seen`);
    const scopes = (await propertiesOf(session, objectId)).internalProperties?.find(
      ({ name }) => name === "[[Scopes]]",
    );
    for (const { value: scope } of (await propertiesOf(session, scopes?.value?.objectId)).result)
      for (const { name, value } of (await propertiesOf(session, scope?.objectId)).result) {
        if (!wanted.test(name)) continue;
        const functionDeclaration = `function (value) { ${hooksName}.box.${name} = value }`;
        await call(session, { functionDeclaration, objectId, arguments: [{ objectId: value?.objectId }] });
      }
  }
}

function evaluate(session: Session, expression: string): Promise<Runtime.RemoteObject> {
  return new Promise((resolve, reject) => {
    session.post("Runtime.evaluate", { expression }, (failure, answer?: Runtime.EvaluateReturnType) => {
      settle(failure, answer, resolve, reject);
    });
  });
}

function call(
  session: Session,
  parameters: Runtime.CallFunctionOnParameterType,
): Promise<Runtime.RemoteObject> {
  return new Promise((resolve, reject) => {
    session.post(
      "Runtime.callFunctionOn",
      parameters,
      (failure, answer?: Runtime.CallFunctionOnReturnType) => {
        settle(failure, answer, resolve, reject);
      },
    );
  });
}

function settle(
  failure: Error | null,
  answer: Runtime.EvaluateReturnType | undefined,
  resolve: (value: Runtime.RemoteObject) => void,
  reject: (reason: unknown) => void,
): void {
  if (failure !== null || answer === undefined || answer.exceptionDetails !== undefined)
    reject(failure ?? new Error(answer?.exceptionDetails?.text ?? "no answer"));
  else resolve(answer.result);
}

/** Of nothing there is nothing. */
function propertiesOf(
  session: Session,
  objectId: string | undefined,
): Promise<Runtime.GetPropertiesReturnType> {
  return new Promise((resolve, reject) => {
    if (objectId === undefined) return resolve({ result: [] });
    const parameters = { objectId, ownProperties: true };
    session.post("Runtime.getProperties", parameters, (failure, answer?: Runtime.GetPropertiesReturnType) => {
      if (failure !== null || answer === undefined) reject(failure);
      else resolve(answer);
    });
  });
}
