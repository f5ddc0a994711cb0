/** Rows that the tables of dead letters and replays take, made with ids and the moment of the other rows. */
export function recoveryRows(newId: () => string, at: Date): [table: string, row: Readonly<Record<string, unknown>>][] {
  return [
    [
      "handling",
      {
        id: newId(),
        tenant: "default",
        kind: "dismiss",
        reason: "test orders",
        filter: "{}",
        deliveries: 2,
        handled_at: at,
        handled_by: "local",
        undone_at: null,
        undone_by: null,
      },
    ],
    [
      "replay",
      {
        id: newId(),
        tenant: "default",
        token: "plan_of_the_tests",
        subject: "events",
        state: "running",
        scope: "{}",
        options: "{}",
        plan: "{}",
        tally: "{}",
        until_id: newId(),
        cursor_id: newId(),
        is_scanned: false,
        planned_at: at,
        planned_by: "local",
        started_at: at,
        started_by: "local",
        ended_at: null,
        end_reason: null,
        lease: null,
        lease_until: null,
      },
    ],
    [
      "replay_item",
      {
        bucket: 77,
        replay_id: newId(),
        delivery_id: newId(),
        event_id: newId(),
        key: newId(),
        pulled: false,
        state: "queued",
        effects: 0,
      },
    ],
  ];
}
