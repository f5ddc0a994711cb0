import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A port that answers no further SYN, which is what an unreachable host looks like from here. */
export interface StoppedListener {
  port: number;
  close(): Promise<void>;
}

const LISTEN = `
  const server = require("node:net").createServer(() => {});
  server.listen({ host: process.argv[1], port: Number(process.argv[2]), backlog: 1 }, () => console.log(server.address().port));
`;

/**
 * Starts a process that listens, stops it, and fills its queue: with a backlog of 1 Linux completes two connections that
 * nobody accepts and drops the SYN of each further one.
 */
export async function startStoppedListener(address: string, port = 0): Promise<StoppedListener> {
  const child = spawn(process.execPath, ["-e", LISTEN, address, String(port)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  child.kill("SIGSTOP");
  const fillers: Socket[] = [];
  for (let i = 0; i < 2; i += 1) {
    const filler = connect({ host: address, port: Number(line.toString()) });
    filler.on("error", () => {});
    await once(filler, "connect");
    fillers.push(filler);
  }
  return {
    port: Number(line.toString()),
    async close() {
      for (const filler of fillers) filler.destroy();
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}
