import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { fetchDataset, readCatalogue, silent } from "@gradbook/core/internal";

/** The four real files of MNIST: the checkout's own, else fetched once into its cache as `gradbook data mnist` does. */
export async function realMnist(root: string): Promise<string> {
  const published = readCatalogue().mnist;
  const own = join(root, "data/mnist");
  if (published.files.every(({ name }) => existsSync(join(own, name)))) return own;
  const folder = join(root, ".cache/mnist");
  mkdirSync(folder, { recursive: true });
  await fetchDataset({ key: "mnist", published, folder, listener: silent });
  return folder;
}

/** A mirror on this machine, as a course may have one: each file as NAME.gz. */
export async function mnistMirror(folder: string): Promise<{ readonly url: string; stop(): void }> {
  const server = createServer((request, response) => {
    const file = join(folder, String(request.url).slice(1).replace(/\.gz$/, ""));
    if (!existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    const packed = gzipSync(readFileSync(file), { level: 1 });
    response.writeHead(200, { "content-length": packed.length }).end(packed);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, stop: () => server.close() };
}
