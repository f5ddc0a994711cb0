// What a careless change could do to the product, one mutant each: the places it changes (a text that stands there exactly
// once, and what it becomes) and the test that must notice. `needs: "build"`: the test runs the compiled gateway.

/**
 * @typedef {{ file: string, from: string, to: string }} Edit
 * @typedef {{ id: string, what: string, edits: Edit[], test: { file: string, name: string }, needs?: "build" }} Mutant
 */

const G = "gateway/src/";
const T = "gateway/test/";
const FENCE = "d.lease = u.lease";
const unfence = (file) => ({ file: `${G}store/deliveries/${file}.ts`, from: FENCE, to: "d.state = 'leased'" });

/** @type {readonly Mutant[]} */
export const MUTANTS = [
  {
    id: "M1",
    what: "acknowledges before COMMIT",
    edits: [
      {
        file: `${G}pipeline/ingest.ts`,
        from: "const recorded = await deps.record(drafts);",
        to: `void deps.record(drafts);
      const recorded: ArrivalOutcome = { ok: true, value: drafts.map(({ id }) => ({ kind: "recorded", eventId: id })) };`,
      },
    ],
    test: { file: `${T}proof/crash-points-ingest.test.ts`, name: "no answer leaves while COMMIT is unanswered" },
    needs: "build",
  },
  {
    id: "M2",
    what: "does not look at COMMIT's tag",
    edits: [
      { file: `${G}store/attempt.ts`, from: 'if (commit.command === "COMMIT") return', to: "return" },
      { file: `${G}store/at-once.ts`, from: 'if (tag === "COMMIT") return', to: "return" },
    ],
    test: { file: `${T}ingest/commit.test.ts`, name: "nothing is acknowledged and nothing is stored; afterwards" },
  },
  {
    id: "M3",
    what: "queues the deliveries after COMMIT",
    edits: [
      {
        file: `${G}pipeline/record-event.ts`,
        from: "queue(tx, fresh, options.ranks);",
        to: "setTimeout(() => queue(tx, fresh, options.ranks), 5);",
      },
      {
        file: `${G}pipeline/record-batch.ts`,
        from: "steps.push({ statement: insertDeliveries, values: deliveries });",
        to: "setTimeout(() => db.transactionAtOnce([{ statement: insertDeliveries, values: deliveries }], 9_000), 5);",
      },
    ],
    test: { file: `${T}proof/crash-points-ingest.test.ts`, name: "between the event's row and its deliveries" },
    needs: "build",
  },
  {
    id: "M4",
    what: "settles without the lease's token",
    edits: ["insert-attempts", "copy-finished", "delete-finished", "put-back"].map(unfence),
    test: { file: `${T}delivery/leases.test.ts`, name: "a worker that stands still past its lease" },
    needs: "build",
  },
  {
    id: "M5",
    what: "a new idempotency key for each attempt",
    edits: [
      {
        file: `${G}pipeline/delivery-headers.ts`,
        from: 'const id = toPublicId("dlv", delivery.key);',
        to: 'const id = `${toPublicId("dlv", delivery.key)}_${delivery.attempt}`;',
      },
    ],
    test: { file: `${T}delivery/headers.test.ts`, name: "every attempt carries the same key and bytes" },
  },
  {
    id: "M6",
    what: "writes the ledger's line before the signature is checked",
    edits: [
      {
        file: `${G}pipeline/ingest.ts`,
        from: 'case "refused": {',
        to: `case "refused": {
      const id = /"id":"([^"]+)"/.exec(Buffer.from(arrival.body).toString())?.[1];
      const eventKey = Buffer.from(\`id:\${id}\`);
      const verdict = { ok: true, eventId: id, eventKey, contentKey: null, eventType: null, occurredAt: null, payloadVersion: null, signedAt: null, secretVersion: null };
      if (id !== undefined) await deps.record(draftEvents(deps, ready, arrival, verdict as never));`,
      },
    ],
    test: { file: `${T}ingest/dedupe.test.ts`, name: "forged first does not keep the genuine one out" },
  },
  {
    id: "M7",
    what: "reads numeric ids as JavaScript numbers",
    edits: [
      {
        file: "verify/src/extract/identify.ts",
        from: "`${kind}:${text}`",
        to: "`${kind}:${/^\\d+$/.test(text) ? Number(text) : text}`",
      },
    ],
    test: { file: `${T}ingest/dedupe.test.ts`, name: "beyond 2^53 is its own" },
  },
  {
    id: "M8",
    what: "parses and prints the body before it is verified",
    edits: [
      {
        file: `${G}pipeline/verify-arrival.ts`,
        from: "headers, body },\n    now",
        to: "headers, body: printed(body) },\n    now",
      },
      {
        file: `${G}pipeline/verify-arrival.ts`,
        from: "function addressedUrl(",
        to: `function printed(body: Uint8Array): Uint8Array {
  try {
    return Buffer.from(JSON.stringify(JSON.parse(Buffer.from(body).toString())));
  } catch {
    return body;
  }
}

function addressedUrl(`,
      },
    ],
    test: { file: `${T}ingest/dedupe.test.ts`, name: "is the body exactly, with its SHA-256" },
  },
  {
    id: "M9",
    what: "switches synchronous_commit off in its sessions",
    edits: [
      {
        file: `${G}store/database.ts`,
        from: 'pool.on("connect", (client) => client.on("error", () => {}));',
        to: 'pool.on("connect", (client) => void client.on("error", () => {}).query("SET synchronous_commit = off"));',
      },
    ],
    test: { file: `${T}store/lost-connection.test.ts`, name: "a connection that dies between two statements" },
  },
  {
    id: "M10",
    what: "counts the attempt when it is over, not when it is claimed",
    edits: [
      { file: `${G}store/deliveries/claim-ready.ts`, from: ", attempt = d.attempt + 1", to: "" },
      {
        file: `${G}store/deliveries/put-back.ts`,
        from: "attempt = d.attempt - u.refunded",
        to: "attempt = d.attempt + 1 - u.refunded",
      },
    ],
    test: { file: `${T}delivery/leases.test.ts`, name: "a delivery that kills its process each time" },
    needs: "build",
  },
  {
    id: "M11",
    what: "tries again after 5xx only, not when there was no answer",
    edits: [
      {
        file: `${G}domain/outcome.ts`,
        from: 'case "lease_expired":\n      return "transient";',
        to: 'case "lease_expired":\n      return "refused";',
      },
    ],
    test: { file: `${T}domain/decide.test.ts`, name: "for every fault without an answer" },
  },
  {
    id: "M12",
    what: "swallows one kind of outcome and leaves the delivery leased",
    edits: [
      {
        file: `${G}pipeline/work.ts`,
        from: "const settlement = toSettlement(deps, claimed, decision, tried);\n  const settled",
        to: 'if (tried?.outcome.kind === "failed") return;\n  const settlement = toSettlement(deps, claimed, decision, tried);\n  const settled',
      },
    ],
    test: { file: `${T}delivery/outcomes.test.ts`, name: "what happens on the way is a fault by its name" },
  },
  {
    id: "M13",
    what: "follows redirects",
    edits: [
      {
        file: `${G}platform/egress/create-egress.ts`,
        from: "return conclude(room, dialled, await exchange(dialled, sending));",
        to: `const answered = conclude(room, dialled, await exchange(dialled, sending));
  const isMoved = answered.kind === "response" && answered.status >= 300 && answered.status < 400;
  const to = isMoved ? answered.headers.find(([name]) => name.toLowerCase() === "location")?.[1] : undefined;
  return to === undefined ? answered : sendOnce(room, { ...request, url: new URL(to, request.url).href }, signal);`,
      },
    ],
    test: { file: `${T}egress/answers.test.ts`, name: "is reported and never followed" },
  },
  {
    id: "M14",
    what: "vets the first DNS answer only",
    edits: [
      {
        file: `${G}platform/egress/find-target.ts`,
        from: "addresses.map((address)",
        to: "addresses.slice(0, 1).map((address)",
      },
    ],
    test: { file: `${T}egress/guarded-dial.test.ts`, name: "alone or among public answers" },
  },
  {
    id: "M15",
    what: "forgets the tenant in a query (there are no row-level policies: each statement names its tenant)",
    edits: [
      {
        file: `${G}store/views/events.ts`,
        from: "`e.tenant = $1 AND e.id < $2",
        to: "`$1::text IS NOT NULL AND e.id < $2",
      },
    ],
    test: { file: `${T}admin/tenants.test.ts`, name: "sees empty lists, finds no name" },
  },
  {
    id: "M16",
    what: "a rotation ends the old secret at once",
    edits: [
      {
        file: `${G}domain/secret-life.ts`,
        from: 'return move.state === "active" ? { ...move, state: "retiring", notAfter: end } : move;',
        to: 'return move.state === "active" ? { ...move, state: "retired", notAfter: now } : move;',
      },
    ],
    test: { file: `${T}domain/secret-life.test.ts`, name: "lets the active one go on for the overlap" },
  },
  {
    id: "M17",
    what: "starts a plan again that runs already",
    edits: [
      {
        file: `${G}recovery/start-replay.ts`,
        from: 'if (plan.state !== "planned") return { kind: "running", replay: plan, isNew: false };',
        to: "",
      },
      { file: `${G}store/replays/write-replays.ts`, from: "WHERE id = $1 AND state = 'planned'", to: "WHERE id = $1" },
    ],
    test: { file: `${T}recovery/two-responders.test.ts`, name: "runs a plan once, whoever gives its token" },
  },
  {
    id: "M18",
    what: "goes by the last id it has seen",
    edits: [
      {
        file: `${G}store/deliveries/claim-ready.ts`,
        from: "WHERE q.state = 'ready'/*shard*/",
        to: "WHERE q.state = 'ready' AND NOT EXISTS (SELECT FROM holdfast.finished_delivery f WHERE f.id > q.id)/*shard*/",
      },
    ],
    test: { file: `${T}gates/order.test.ts`, name: "one that waits for its retry holds up its own key alone" },
  },
  {
    id: "M19",
    what: "ends leases by the worker's own clock",
    edits: [
      {
        file: `${G}pipeline/claim.ts`,
        from: "deps.databaseNow().getTime() + deps.leaseMs",
        to: "deps.clock.now().getTime() + deps.leaseMs",
      },
    ],
    test: { file: `${T}delivery/odd-rows.test.ts`, name: "a lease ends by the database's clock" },
  },
  {
    id: "M20",
    what: "lets a dead delivery go without keeping it",
    edits: [
      { file: `${G}store/deliveries/copy-finished.ts`, from: FENCE, to: `${FENCE} AND u.state <> 'dead'` },
      {
        file: `${G}pipeline/settle.ts`,
        from: " || written.copies !== written.finished) {",
        to: ") {",
      },
    ],
    test: { file: `${T}delivery/outcomes.test.ts`, name: "three refusals end a delivery" },
  },
];
