import type { Header, Message } from "../protocol.js";
import type { OutputOwner } from "./output.js";

/** One execute_request, from its arrival until long after its reply: output may come late. */
export interface Cell extends OutputOwner {
  readonly id: number;
  readonly header: Header | Record<string, never>;
  /** Kept until the reply is sent. */
  request: Message | undefined;
  readonly code: string;
  readonly silent: boolean;
  readonly storeHistory: boolean;
  readonly allowStdin: boolean;
  readonly stopOnError: boolean;
  readonly expressions: Readonly<Record<string, string>>;
  /** Execution counter: In [n]. */
  count: number;
  interrupted: boolean;
}

export function createCell(id: number, request: Message): Cell {
  const { content, header } = request;
  const silent = content.silent === true;
  const expressions: Record<string, string> = {};
  if (typeof content.user_expressions === "object" && content.user_expressions !== null) {
    for (const [name, code] of Object.entries(content.user_expressions)) {
      if (typeof code === "string") expressions[name] = code;
    }
  }
  return {
    id,
    header,
    request,
    code: typeof content.code === "string" ? content.code : "",
    silent,
    storeHistory: content.store_history !== false && !silent,
    allowStdin: content.allow_stdin === true,
    stopOnError: content.stop_on_error !== false,
    expressions,
    count: 0,
    interrupted: false,
    size: 0,
    cut: false,
  };
}
