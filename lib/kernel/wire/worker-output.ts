import { BroadcastChannel } from "node:worker_threads";
import { isJsonObject } from "@gradbook/base";
import type { StreamName } from "../jupyter/messages.js";

/** Worker threads of the user print on a channel of their own, because main may be in a loop. */
export function listenToWorkers(take: (name: StreamName, text: string) => void): void {
  const channel = new BroadcastChannel("gradbook-kernel-output");
  channel.onmessage = ({ data }: { data?: unknown }) => {
    if (isJsonObject(data) && typeof data.text === "string")
      take(data.name === "stderr" ? "stderr" : "stdout", data.text);
  };
  channel.unref();
}
