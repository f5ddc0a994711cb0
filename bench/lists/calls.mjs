// Every list of the admin API, its first page and each of its filters, as the dashboard asks for them.

/**
 * The calls by the name that stands in the table.
 *
 * @param {{ midMoment: string, dayMoment: string, eventId: string, providerId: string }} known of the database that is asked
 * @returns {Record<string, string>}
 */
export function makeCalls({ midMoment, dayMoment, eventId, providerId }) {
  const events = {
    "": "",
    "100 of them": "limit=100",
    source: "source=stripe-1",
    type: "type=invoice.paid",
    "type, with *": "type=charge.*",
    "type that nothing has": "type=nothing.at.all",
    since: `since=${dayMoment}`,
    until: `until=${midMoment}`,
    "provider's id": `providerId=${providerId}`,
    "provider's id that nothing has": "providerId=evt_nothing",
    "state ready": "state=ready",
    "state scheduled": "state=scheduled",
    "state held": "state=held",
    "state leased (none)": "state=leased",
    "state dead": "state=dead",
    "state processed": "state=processed",
    destination: "destination=app",
    field: "field=/data/object/customer=cus_42",
    "field that nothing has": "field=/data/object/customer=nobody",
    "source, state, destination, type, until": `source=stripe-1&state=dead&destination=app&type=invoice.*&until=${midMoment}`,
  };
  const deliveries = {
    "": "",
    "state ready": "state=ready",
    "state scheduled": "state=scheduled",
    "state held": "state=held",
    "state leased (none)": "state=leased",
    "state dead": "state=dead",
    "state processed": "state=processed",
    destination: "destination=app",
    "state ready, destination": "state=ready&destination=app",
    "state dead, destination": "state=dead&destination=app",
    event: `event=${eventId}`,
  };
  const dead = {
    "": "",
    destination: "destination=app",
    source: "source=stripe-1",
    type: "type=invoice.*",
    reason: "reason=refused",
    outcome: "outcome=refused",
    status: "status=410",
    since: `since=${dayMoment}`,
    until: `until=${midMoment}`,
    "dismissed (none)": "dismissed=true",
  };
  const rejections = {
    "": "",
    source: "source=stripe-1",
    reason: "reason=signature_mismatch",
    cause: "cause=clock_skew",
    "cause that nothing has": "cause=nothing",
    since: `since=${dayMoment}`,
    until: `until=${midMoment}`,
  };
  const audit = {
    "": "",
    actor: "actor=ci",
    action: "action=POST%20/dead-letters/retry",
    "target that nothing has": "target=nothing",
    from: `from=${dayMoment}`,
    until: `until=${midMoment}`,
  };
  return {
    ...named("/events", events),
    ...named("/deliveries", deliveries),
    ...named("/dead-letters", dead),
    ...named("/dead-letters/groups", { "": "", destination: "destination=app", status: "status=410" }),
    ...named("/dead-letters/handlings", { "": "" }),
    ...named("/rejections", rejections),
    ...named("/rejections/groups", { "": "", source: "source=stripe-1" }),
    ...named("/audit", audit),
    ...named("/loops", { "": "", source: "source=stripe-1" }),
    ...named("/replays", { "": "" }),
    ...named("/reconciliation-runs", { "": "" }),
    ...named("/alerts", { "": "" }),
    ...named("/alerts/notices", { "": "" }),
    ...Object.fromEntries(
      [
        "/status",
        "/queue",
        "/rates",
        "/rates/sources",
        "/rates/destinations",
        "/sources",
        "/destinations",
        "/routes",
        "/reconciliations",
        "/throttles",
        "/keys",
        "/people",
      ].map((path) => [path, path]),
    ),
  };
}

function named(path, filters) {
  return Object.fromEntries(
    Object.entries(filters).map(([name, query]) => [
      name === "" ? path : `${path}: ${name}`,
      query === "" ? path : `${path}?${query}`,
    ]),
  );
}
