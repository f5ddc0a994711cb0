// What is mutated together, and the tests that are asked: those that need no database.

/** @typedef {{ mutate: readonly string[], tests: readonly string[] }} Group `tests`: files, or folders with all their tests */

const filesOf = (folder, names) => names.split(" ").map((name) => `${folder}/${name}.ts`);
const testsOf = (folder, names) => names.split(" ").map((name) => `${folder}/${name}.test.ts`);

const RULES =
  "retry-policy outcome secret-life fair-queue breaker token-bucket dead-cause id bucket event-type delivery gate chosen-secret body-field lane priority failure-stretch throttle replay-choice replay-scope replay-tally";
const ARRIVING =
  "arrival catalog-index draft-event draft-items draft-listed-event event-view explain-refusal fetched-keys ingest unreadable-secrets verify-arrival verify-with-keys";
const LEAVING = "deliver delivery-headers leased-delivery retry-after sign-request";
const OF_VERIFY =
  "coded-attacks key-attacks grammar vectors times secrets coded json-scan select-and-form texts-and-keys headers-and-proofs identity hmac-providers hmac-handshakes batches one-spelling diagnosis hmac-secrets handshake coded-handshakes twilio-url by-facts look-alikes look-alikes-coded";

/** @type {Readonly<Record<string, Group>>} */
export const GROUPS = {
  domain: {
    mutate: filesOf("gateway/src/domain", RULES),
    tests: ["gateway/test/domain", "gateway/test/recovery/rules.test.ts"],
  },
  verify: {
    mutate: [
      ...filesOf("verify/src/engines", "hmac-match check-time claim key-pair public-key jws static-token hmac-case"),
      ...filesOf("verify/src", "signature-grammar encoding timestamp public-key header-index"),
    ],
    tests: testsOf("verify/test", OF_VERIFY),
  },
  extract: {
    mutate: filesOf("verify/src/extract", "json-scan json-skip json-text identify select form"),
    tests: testsOf("verify/test", OF_VERIFY),
  },
  egress: {
    mutate: filesOf("gateway/src/platform/egress", "address-rules vet-url port-rules"),
    tests: testsOf("gateway/test/egress", "vet-url"),
  },
  pipeline: {
    mutate: filesOf("gateway/src/pipeline", `${ARRIVING} ${LEAVING}`),
    tests: [
      "gateway/test/pipeline",
      ...testsOf("gateway/test/ingest", "fetched-keys plaid-keys confirm-subscriptions"),
      "gateway/test/reconcile/same-keys.test.ts",
    ],
  },
};
