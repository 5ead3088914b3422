import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

/** How the server treats one request; unset means: as a good server does. */
export interface Mood {
  /** Sends a refusal with this status. */
  readonly status?: number;
  /** Cuts the connection after this byte of the *file*. */
  readonly cutAt?: number;
  /** Falls silent after this byte of the file. */
  readonly stallAt?: number;
  /** Never answers at all. */
  readonly mute?: boolean;
  /** Answers a Range request with the whole file. */
  readonly noRange?: boolean;
  /** Sends no Content-Length. */
  readonly noLength?: boolean;
  /** Answers a Range request with another range. */
  readonly wrongRange?: boolean;
  /** Sends this instead of the file. */
  readonly instead?: Buffer;
}

export interface FlakyMirror {
  /** "http://127.0.0.1:PORT/" */
  readonly url: string;
  /** "PATH" or "PATH from BYTE" of each request. */
  readonly requests: string[];
}

/**
 * A mirror on this computer that misbehaves on command: the n-th request meets the n-th mood, later ones a good
 * server. Closed with the test.
 */
export async function flakyMirror(
  t: TestContext,
  files: Readonly<Record<string, Buffer>>,
  moods: readonly Mood[] = [],
): Promise<FlakyMirror> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const mood = moods[requests.length] ?? {};
    const path = (request.url ?? "").slice(1);
    const asked = /^bytes=(\d+)-$/.exec(request.headers.range ?? "");
    requests.push(asked === null ? path : `${path} from ${asked[1]}`);
    if (mood.mute) return;
    const file = mood.instead ?? files[path];
    if (file === undefined || mood.status !== undefined) {
      response.writeHead(mood.status ?? 404).end("no");
      return;
    }
    const start = asked === null || mood.noRange ? 0 : Number(asked[1]) + (mood.wrongRange ? 1 : 0);
    if (start >= file.length && start > 0) {
      response.writeHead(416, { "content-range": `bytes */${file.length}` }).end();
      return;
    }
    if (start > 0) response.setHeader("content-range", `bytes ${start}-${file.length - 1}/${file.length}`);
    if (!mood.noLength) response.setHeader("content-length", file.length - start);
    response.writeHead(start > 0 ? 206 : 200);
    const stop = mood.cutAt ?? mood.stallAt;
    if (stop === undefined) {
      response.end(file.subarray(start));
      return;
    }
    response.flushHeaders();
    const cut = () => {
      if (mood.cutAt !== undefined) request.socket.end();
    };
    if (stop > start) response.write(file.subarray(start, stop), cut);
    else cut();
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, requests };
}
