import { Client } from "pg";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { testDatabase } from "../support/database.ts";
import type { FaultProxy } from "../support/fault-proxy.ts";
import { startFaultProxy } from "../support/fault-proxy.ts";
import type { IngestGateway } from "../support/ingest-gateway.ts";
import { PAYMENTS, faultOf, post, startIngestGateway, stripeEvent, until } from "../support/ingest-gateway.ts";
import type { RawAnswer } from "../support/raw-http.ts";
import { exchangeRaw, requestBytes } from "../support/raw-http.ts";

const QUEUE_MAX = 6;
let gateway: IngestGateway;
let proxy: FaultProxy;
let count = 0;

async function startBehindProxy(recordDeadlineMs: number) {
  const database = await testDatabase();
  const between = await startFaultProxy(database.url);
  const content = { ...PAYMENTS, ingest: { recordDeadlineMs, queueItemsMax: QUEUE_MAX } };
  const started = await startIngestGateway({ content, database, reach: () => between.url });
  const close = async (): Promise<void> => {
    await started.close();
    await between.close();
  };
  return { gateway: started, proxy: between, close };
}

beforeAll(async () => {
  const started = await startBehindProxy(700);
  ({ gateway, proxy } = started);
  return started.close;
});
// Whatever a test did, the gateway serves again by itself before the next one.
afterEach(async () => {
  proxy.delayMs = 0;
  await until(async () => (await post(gateway.url, stripeEvent(`evt_back_${count++}`))).status === 200);
});

const send = (id = `evt_trouble_${count++}`, url = gateway.url): Promise<RawAnswer> => post(url, stripeEvent(id));

function expectUnavailable(answer: RawAnswer): void {
  expect([answer.status, faultOf(answer)]).toEqual([503, "database_unavailable"]);
  expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
}

async function terminateBackends(): Promise<void> {
  await gateway.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like 'holdfast %'",
  );
}

it("a server that is stopped is answered 503, and taken up again when it is back", async () => {
  await proxy.stop();
  expectUnavailable(await send());
  await proxy.start();
});

it("while the database is silent, an unknown source and a forged request get their answers, which cost no look at it", async () => {
  proxy.freeze();
  expect((await exchangeRaw(gateway.url, requestBytes("POST /in/unknown-source-key", [], "{}"))).status).toBe(404);
  expect((await exchangeRaw(gateway.url, requestBytes("POST /in/payments-key", [], "{}"))).status).toBe(401);
  proxy.thaw();
});

it("a server that is too slow is answered 503 (F25)", async () => {
  proxy.delayMs = 900;
  expectUnavailable(await send());
});

it("a table that somebody locks is answered 503 (F27)", async () => {
  const locker = new Client({ connectionString: gateway.database.adminUrl });
  await locker.connect();
  try {
    await locker.query("begin");
    await locker.query("lock table holdfast.event in access exclusive mode");
    expectUnavailable(await send());
    await locker.query("rollback");
    await until(async () => (await send()).status === 200);
  } finally {
    await locker.end();
  }
});

it("a server without a free connection is answered 503 (F22)", async () => {
  const database = new URL(gateway.database.url).pathname.slice(1);
  await gateway.query(`alter database ${database} connection limit 0`);
  try {
    await terminateBackends();
    expectUnavailable(await send());
  } finally {
    await gateway.query(`alter database ${database} connection limit -1`);
  }
});

it("a server that has become read-only is answered 503, and left for the one that writes as soon as there is one (F21)", async () => {
  const database = new URL(gateway.database.url).pathname.slice(1);
  await gateway.query(`alter database ${database} set default_transaction_read_only = on`);
  try {
    await terminateBackends();
    await until(async () => (await send()).status === 503);
  } finally {
    await gateway.query("set default_transaction_read_only = off");
    await gateway.query(`alter database ${database} reset default_transaction_read_only`);
  }
  // Sessions from the time before stay read-only for as long as they live: afterEach waits until they are left.
});

it.each([
  ["deadlock", "40P01"],
  ["serialization failure", "40001"],
])(
  "a %s costs nobody an event: recorded at the second go or answered 503, and never twice (F26)",
  async (_what, code) => {
    const id = `evt_conflict_${code}`;
    await gateway.query(`
    create sequence public.conflict_${code};
    create function public.conflict_${code}() returns trigger language plpgsql security definer as $$ begin
      if new.provider_event_id = '${id}' and nextval('public.conflict_${code}') = 1 then
        raise exception 'conflict' using errcode = '${code}';
      end if;
      return new;
    end $$;
    create trigger conflict_${code} before insert on holdfast.event for each row execute function public.conflict_${code}()`);
    // Two others are in the same batch, or beside it.
    const ids = [`${id}_before`, id, `${id}_after`];
    const answers = await Promise.all(ids.map((one) => send(one)));
    expect(answers.filter(({ status }) => ![200, 503].includes(status))).toEqual([]);
    for (const one of ids) await until(async () => (await send(one)).status === 200);
    const rows = await gateway.query(
      "select e.provider_event_id as id, count(d.id)::int as deliveries from holdfast.event e left join holdfast.delivery d on d.event_id = e.id where e.provider_event_id like $1 group by e.id, 1",
      [`${id}%`],
    );
    expect(rows.length).toBe(3);
    expect(rows.every((row) => row["deliveries"] === 1)).toBe(true);
    const [used] = await gateway.query<{ used: boolean }>(`select is_called as used from public.conflict_${code}`);
    expect(used?.used).toBe(true);
  },
);

it("backends that are killed one after another cost no acknowledged event (F14)", async () => {
  const acked: string[] = [];
  const flooding = new AbortController();
  const flood = (async () => {
    for (let i = 0; !flooding.signal.aborted; i++) {
      const id = `evt_backend_${i}`;
      if ((await send(id)).status === 200) acked.push(id);
    }
  })();
  for (let kills = 0; kills < 10; kills++) {
    const before = acked.length;
    await terminateBackends();
    await until(() => acked.length > before);
  }
  flooding.abort();
  await flood;
  const rows = await gateway.query<{ provider_event_id: string }>(
    "select e.provider_event_id from holdfast.event e join holdfast.delivery d on d.event_id = e.id where e.provider_event_id like 'evt_backend_%'",
  );
  const kept = rows.map((row) => row.provider_event_id);
  expect(new Set(kept).size).toBe(kept.length);
  expect(acked.filter((id) => !kept.includes(id))).toEqual([]);
});

describe("with more time than a busy machine stands still,", () => {
  let patient: Awaited<ReturnType<typeof startBehindProxy>>;
  const sendPatiently = (id?: string): Promise<RawAnswer> => send(id, patient.gateway.url);

  beforeAll(async () => {
    patient = await startBehindProxy(5_000);
    return patient.close;
  });
  afterEach(async () => {
    patient.proxy.thaw();
    await until(async () => (await sendPatiently()).status === 200);
  });

  it("a server that falls silent is answered 503, and no answer is given to another request when it speaks again (F24)", async () => {
    expect((await sendPatiently()).status).toBe(200);
    patient.proxy.freeze();
    expectUnavailable(await sendPatiently());
    patient.proxy.thaw();
    await until(async () => (await sendPatiently()).status === 200);
    const ids = Array.from({ length: 40 }, (_, i) => `evt_own_${i}`);
    for (const id of ids) {
      const answer = await sendPatiently(id);
      const [row] = await patient.gateway.query<{ provider_event_id: string; n: number }>(
        "select provider_event_id, count(*) over ()::int as n from holdfast.event where provider_event_id = $1",
        [id],
      );
      expect([answer.status, row]).toEqual([200, { provider_event_id: id, n: 1 }]);
    }
  });

  it("more arrivals than may wait are answered overloaded at once, and the others by their deadline", async () => {
    patient.proxy.freeze();
    const answers = await Promise.all(Array.from({ length: QUEUE_MAX + 4 }, () => sendPatiently()));
    patient.proxy.thaw();
    const faults = answers.map(faultOf).toSorted();
    expect(faults).toEqual([
      ...Array.from({ length: QUEUE_MAX }, () => "database_unavailable"),
      ...Array.from({ length: 4 }, () => "overloaded"),
    ]);
    expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 503));
    const waits = answers.map((answer) => Number(answer.headers["retry-after"]));
    expect(waits.every((wait) => wait >= 3 && wait <= 8)).toBe(true);
    // Spread, so that they do not all come back in the same second.
    expect(new Set(waits).size).toBeGreaterThan(1);
  });
});
