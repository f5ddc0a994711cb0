// What is mutated together, and the tests that are asked: those that need no database, so that a mutant takes a second.

/**
 * @typedef {{ mutate: readonly string[], tests: readonly string[], near?: readonly string[] }} Group `near`: the tests that
 *   are asked first; all `tests` are asked about what survives these alone
 */

const RULES =
  "{retry-policy,outcome,secret-life,fair-queue,breaker,token-bucket,dead-cause,id,bucket,event-type,delivery,gate}";
const MORE_RULES =
  "{chosen-secret,body-field,lane,priority,failure-stretch,throttle,replay-choice,replay-scope,replay-tally}";

const ALL_OF_VERIFY = [
  "verify/test/{coded-attacks,key-attacks,grammar,vectors,times,secrets,coded,json-scan,identity,hmac-providers,hmac-handshakes,batches,one-spelling}.test.ts",
];
const ARRIVING =
  "{arrival,catalog-index,draft-event,draft-items,draft-listed-event,event-view,explain-refusal,fetched-keys,ingest,unreadable-secrets,verify-arrival,verify-with-keys}";
const LEAVING = "{deliver,delivery-headers,leased-delivery,retry-after,sign-request}";

const nearVerify = (...names) => names.map((name) => `verify/test/${name}.test.ts`);

/** @type {Readonly<Record<string, Group>>} A name stands for all that begin with it: `verify` for the three groups of it. */
export const GROUPS = {
  domain: {
    mutate: [`gateway/src/domain/${RULES}.ts`, `gateway/src/domain/${MORE_RULES}.ts`],
    tests: ["gateway/test/domain/*.test.ts", "gateway/test/recovery/rules.test.ts"],
  },
  "verify-text": {
    mutate: ["verify/src/{signature-grammar,encoding,timestamp,header-index}.ts"],
    tests: ALL_OF_VERIFY,
    near: nearVerify("grammar", "one-spelling", "times"),
  },
  "verify-hmac": {
    mutate: ["verify/src/engines/{hmac-match,check-time,static-token,hmac-case}.ts"],
    tests: ALL_OF_VERIFY,
    near: nearVerify("secrets", "times", "hmac-providers"),
  },
  "verify-keys": {
    mutate: ["verify/src/engines/{claim,key-pair,public-key,jws}.ts", "verify/src/public-key.ts"],
    tests: ALL_OF_VERIFY,
    near: nearVerify("key-attacks", "vectors", "coded-attacks"),
  },
  "extract-json": {
    mutate: ["verify/src/extract/{json-scan,json-skip,json-text}.ts"],
    tests: ALL_OF_VERIFY,
    near: nearVerify("json-scan"),
  },
  "extract-names": {
    mutate: ["verify/src/extract/{identify,select,form}.ts"],
    tests: ALL_OF_VERIFY,
    near: nearVerify("identity", "batches"),
  },
  egress: {
    mutate: ["gateway/src/platform/egress/{address-rules,vet-url,port-rules}.ts"],
    tests: ["gateway/test/egress/vet-url.test.ts"],
  },
  "pipeline-arriving": {
    mutate: [`gateway/src/pipeline/${ARRIVING}.ts`],
    tests: [
      "gateway/test/pipeline/*.test.ts",
      "gateway/test/ingest/{fetched-keys,plaid-keys,confirm-subscriptions}.test.ts",
      "gateway/test/reconcile/same-keys.test.ts",
    ],
    near: ["gateway/test/pipeline/*.test.ts", "gateway/test/reconcile/same-keys.test.ts"],
  },
  "pipeline-leaving": {
    mutate: [`gateway/src/pipeline/${LEAVING}.ts`],
    tests: ["gateway/test/pipeline/*.test.ts"],
  },
};
