// The wire thread: speaks Jupyter's protocol with the front ends, so that the main thread does nothing but run cells.
// Each of its duties is a file: requests.ts, queue.ts (cells), main-notes.ts, input.ts, shutdown.ts.
import { parentPort, workerData } from "node:worker_threads";
import { removeConnectionFile } from "../jupyter/connection.js";
import { Signer } from "../jupyter/frames.js";
import type { LanguageMethods } from "../methods.js";
import { Caller } from "../rpc.js";
import type { ToMain, WireData } from "../threads.js";
import { CellBook } from "./cells.js";
import { ChildOutput } from "./child-output.js";
import { Children } from "./children.js";
import { History } from "./history.js";
import { Inbox } from "./inbox.js";
import { InputRequests } from "./input.js";
import { Interrupter } from "./interrupter.js";
import { MainNotes } from "./main-notes.js";
import { Output } from "./output.js";
import { watchParent } from "./processes.js";
import { CellQueue } from "./queue.js";
import { Requests } from "./requests.js";
import { Shutdown } from "./shutdown.js";
import { Sockets } from "./sockets.js";
import { listenToWorkers } from "./worker-output.js";

const { connection, connectionFile, shared, main, javascript, ...data }: WireData = workerData;

const tellMain = (note: ToMain): void => main.postMessage(note);
const cells = new CellBook();
const sockets = new Sockets(new Signer(connection.key, connection.signature_scheme));
const output = new Output(sockets.publish.bind(sockets), data.outputLimit);
const history = new History();
const language = new Caller<LanguageMethods>(data.language);
const children = new Children(shared);
const interrupter = new Interrupter(
  shared,
  (sequence) => tellMain({ type: "interrupt", sequence }),
  () => children.signalSynchronous("SIGKILL"),
);
const childOutput = new ChildOutput(shared, (name, text) => output.stream(cells.owner, name, text));
const input = new InputRequests({ shared, port: data.input, output, sockets });
const common = { shared, cells, sockets, output, history, language, interrupter, children, input, tellMain };
const queue = new CellQueue(common);
const shutdown = new Shutdown({ ...common, queue, childOutput });
const notes = new MainNotes({
  ...common,
  queue,
  waitForChildren: () => inbox.pauseUntil(childOutput.drain()),
});
const inbox = new Inbox(shared.ring, data.notes, {
  print: (cell, name, text) => output.stream(cells.ownerOf(cell), name, text),
  note: (note) => notes.handle(note),
});
const requests = new Requests({ ...common, connection, javascript, queue, notes, shutdown });

await sockets.bind(connection);
sockets.listen((channel, message) => requests.receive(channel, message));
main.on("message", () => inbox.wake());
inbox.wake();
listenToWorkers((name, text) => output.stream(cells.owner, name, text));
watchParent(() => {
  // Whoever wrote the connection file cannot remove it any more.
  removeConnectionFile(connectionFile);
  void shutdown.leave();
});
try {
  await childOutput.open();
} catch (failure) {
  // Open sockets would end the process before the reason is told.
  await sockets.close();
  throw failure;
}
parentPort?.postMessage("bound");
