import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { runCli, startCli } from "../support/cli.ts";
import { testDatabase } from "../support/database.ts";
import { testFolder } from "../support/folder.ts";

/** A gateway in the middle of a delivery to a service that never answers: a drain has something to wait for. */
async function busyGateway() {
  const cwd = testFolder();
  const database = await testDatabase();
  onTestFinished(() => database.drop());
  let onArrival: () => void = () => {};
  const arrived = new Promise<void>((resolve) => (onArrival = resolve));
  const server = createServer(() => onArrival());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const content = {
    sources: { hub: { provider: "github", secrets: ["a-secret-of-some-length-for-github"] } },
    destinations: { app: { url: `http://127.0.0.1:${port}/` } },
    routes: [{ source: "hub", destination: "app" }],
  };
  await writeFile(join(cwd, "holdfast.config.mjs"), `export default ${JSON.stringify(content)}`);
  const gateway = startCli(["dev", "--port", "0", "--admin-port", "0"], { cwd, env: { DATABASE_URL: database.url } });
  await gateway.line(/^Try/);
  expect(await runCli(["send", "github"], { cwd })).toMatchObject({ code: 0 });
  await arrived;
  return gateway;
}

it("drains and ends with 0 when one press of Ctrl-C comes twice, as it does under npx", async () => {
  const gateway = await busyGateway();
  gateway.process.kill("SIGINT");
  expect(await gateway.stop("SIGINT")).toMatchObject({ code: 0, stderr: expect.stringContaining("Stopping") });
});

it("ends at once with 1 when it is told a second time while it drains (F09)", async () => {
  const gateway = await busyGateway();
  for (let over: unknown = null; over === null; over = await Promise.race([gateway.ended, pause(50, null)])) {
    gateway.process.kill("SIGTERM");
  }
  expect(await gateway.ended).toMatchObject({ code: 1, stderr: expect.stringContaining("Stopping") });
});
