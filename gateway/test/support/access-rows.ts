import type { Row } from "./valid-rows.ts";

/** For each table of who may do what, and for the rates, a row that it takes. */
export function accessRows(at: Date, newId: () => string): readonly (readonly [table: string, row: Row])[] {
  const later = new Date(at.getTime() + 60_000);
  const personId = newId();
  const of = { tenant: "default", role: "viewer", created_at: at };
  return [
    [
      "arrival_minute",
      { source_id: newId(), minute: at, tenant: "default", recorded: 1, duplicates: 0, rejected: 0, unavailable: 0 },
    ],
    [
      "person",
      {
        ...of,
        id: personId,
        email: "ada@example.com",
        name: "Ada",
        issuer: "https://id.example",
        subject: "7",
        updated_at: at,
      },
    ],
    [
      "session",
      {
        ...of,
        sha256: Buffer.alloc(32, 1),
        id: newId(),
        name: "Ada",
        person_id: personId,
        seen_at: at,
        expires_at: later,
      },
    ],
    [
      "audit",
      {
        tenant: "default",
        n: 1,
        at,
        actor: "Ada",
        action: "POST /keys",
        detail: "{}",
        previous_hash: Buffer.alloc(32),
        hash: Buffer.alloc(32, 3),
      },
    ],
    [
      "kept_answer",
      {
        tenant: "default",
        principal: "key_1",
        idempotency_key: "once",
        request_hash: Buffer.alloc(32, 4),
        created_at: at,
        expires_at: later,
      },
    ],
    [
      "sign_in_flow",
      {
        state_sha256: Buffer.alloc(32, 5),
        browser_sha256: Buffer.alloc(32, 6),
        tenant: "default",
        issuer: "https://id.example",
        sealed: Buffer.alloc(40),
        return_to: "/",
        created_at: at,
        expires_at: later,
      },
    ],
    ["sign_in_link", { ...of, sha256: Buffer.alloc(32, 2), expires_at: later }],
  ];
}

const OTHER_MINUTE = new Date(Date.UTC(2026, 0, 2));

/** What these tables refuse. */
export const IMPOSSIBLE_ACCESS: readonly (readonly [constraint: string, table: string, change: Row])[] = [
  ["api_key_role_check", "api_key", { role: "owner" }],
  ["arrival_minute_duplicates_check", "arrival_minute", { minute: OTHER_MINUTE, duplicates: -1 }],
  ["arrival_minute_recorded_check", "arrival_minute", { minute: OTHER_MINUTE, recorded: -1 }],
  ["arrival_minute_rejected_check", "arrival_minute", { minute: OTHER_MINUTE, rejected: -1 }],
  ["arrival_minute_unavailable_check", "arrival_minute", { minute: OTHER_MINUTE, unavailable: -1 }],
  ["audit_hash_check", "audit", { n: 2, hash: Buffer.alloc(31) }],
  ["audit_n_check", "audit", { n: 0 }],
  ["audit_previous_hash_check", "audit", { n: 2, previous_hash: Buffer.alloc(33) }],
  ["kept_answer_request_hash_check", "kept_answer", { idempotency_key: "other", request_hash: Buffer.alloc(31) }],
  ["kept_answer_idempotency_key_check", "kept_answer", { idempotency_key: "" }],
  ["kept_answer_whole_check", "kept_answer", { idempotency_key: "other", status: 200 }],
  ["person_check", "person", { email: "b@example.com", subject: null }],
  ["person_email_check", "person", { email: "Ada@example.com", subject: "8" }],
  ["person_name_check", "person", { email: "b@example.com", subject: "8", name: "" }],
  ["person_role_check", "person", { email: "b@example.com", subject: "8", role: "owner" }],
  ["person_state_check", "person", { email: "b@example.com", subject: "8", state: "gone" }],
  ["session_role_check", "session", { role: "owner" }],
  ["session_sha256_check", "session", { sha256: Buffer.alloc(31) }],
  [
    "sign_in_flow_browser_sha256_check",
    "sign_in_flow",
    { state_sha256: Buffer.alloc(32, 9), browser_sha256: Buffer.alloc(31) },
  ],
  ["sign_in_flow_return_to_check", "sign_in_flow", { state_sha256: Buffer.alloc(32, 9), return_to: "" }],
  ["sign_in_flow_state_sha256_check", "sign_in_flow", { state_sha256: Buffer.alloc(31) }],
  ["sign_in_link_role_check", "sign_in_link", { role: "owner" }],
  ["sign_in_link_sha256_check", "sign_in_link", { sha256: Buffer.alloc(31) }],
];
