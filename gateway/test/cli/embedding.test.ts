import { sign } from "@holdfast/verify";
import pg from "pg";
import { expect, it, onTestFinished } from "vitest";
import { createGateway, defineConfig, type DeliveredEvent } from "../../src/index.ts";
import { testDatabase } from "../support/database.ts";
import { testFolder } from "../support/folder.ts";

const secret = "a-secret-of-some-length-for-github";

it("runs inside another process, with a handler whose writes commit with the mark processed", async () => {
  const database = await testDatabase();
  onTestFinished(() => database.drop());
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  onTestFinished(() => client.end());
  await client.query("create table public.seen (id text primary key, type text)");
  const called: DeliveredEvent[] = [];
  let isDone: () => void = () => {};
  const done = new Promise<void>((resolve) => (isDone = resolve));

  const gateway = await createGateway(
    defineConfig({
      dataDir: testFolder(),
      databaseUrl: database.url,
      port: 0,
      adminPort: 0,
      logLevel: "silent",
      sources: { hub: { provider: "github", secrets: [secret] } },
      destinations: {
        ledger: {
          handler: async (event, tx) => {
            called.push(event);
            await tx.query("insert into public.seen values ($1, $2)", [event.id, event.type]);
            isDone();
          },
        },
      },
      routes: [{ source: "hub", destination: "ledger" }],
    }),
  );
  onTestFinished(() => gateway.stop());

  const [source] = gateway.sources();
  const body = Buffer.from('{"action":"opened"}');
  const headers: [string, string][] = [
    ["x-github-event", "issues"],
    ["content-type", "application/json"],
  ];
  const request = { method: "POST", url: source!.url, headers, body };
  const signed = sign({ provider: "github", receiver: { secrets: [secret] }, request, now: new Date() });
  const answer = await fetch(source!.url, { method: "POST", headers: [...headers, ...signed], body });
  expect(answer.status).toBe(200);
  await done;
  await gateway.stop();
  expect((await client.query("select id, type from public.seen")).rows).toEqual([
    { id: answer.headers.get("holdfast-event"), type: "issues.opened" },
  ]);
  expect(called).toHaveLength(1);
  expect(called[0]).toMatchObject({ source: "hub", attempt: 1, trigger: "live" });
  expect(called[0]?.json()).toEqual({ action: "opened" });
});

it("refuses a wrong configuration with every fault at once, and reads no variable of the process", async () => {
  process.env["HOLDFAST_PORT"] = "nonsense";
  onTestFinished(() => {
    delete process.env["HOLDFAST_PORT"];
  });
  const wrong = createGateway({ port: -1, worker: { leaseMs: 5 } });
  await expect(wrong).rejects.toThrow(/port must be[\s\S]*worker\.leaseMs must be/);
  await expect(wrong).rejects.not.toThrow(/HOLDFAST_PORT/);
});
