// What is mutated together, and the tests that are asked: those that need no database, so that a mutant takes a second.

/** @typedef {{ mutate: readonly string[], tests: readonly string[] }} Group */

const RULES =
  "{retry-policy,outcome,secret-life,fair-queue,breaker,token-bucket,dead-cause,id,bucket,event-type,delivery,gate}";
const MORE_RULES =
  "{chosen-secret,body-field,lane,priority,failure-stretch,throttle,replay-choice,replay-scope,replay-tally}";

const VERIFY_TESTS =
  "verify/test/{coded-attacks,key-attacks,grammar,vectors,times,secrets,coded,json-scan,identity,hmac-providers,hmac-handshakes,one-spelling}.test.ts";

/** @type {Readonly<Record<string, Group>>} */
export const GROUPS = {
  domain: {
    mutate: [`gateway/src/domain/${RULES}.ts`, `gateway/src/domain/${MORE_RULES}.ts`],
    tests: ["gateway/test/domain/*.test.ts", "gateway/test/recovery/rules.test.ts"],
  },
  verify: {
    mutate: [
      "verify/src/engines/{hmac-match,check-time,claim,key-pair,public-key,jws,static-token,hmac-case}.ts",
      "verify/src/{signature-grammar,encoding,timestamp,public-key,header-index}.ts",
    ],
    tests: [VERIFY_TESTS],
  },
  extract: {
    mutate: ["verify/src/extract/{json-scan,json-skip,json-text,identify,select,form}.ts"],
    tests: [VERIFY_TESTS],
  },
  egress: {
    mutate: ["gateway/src/platform/egress/{address-rules,vet-url,port-rules}.ts"],
    tests: ["gateway/test/egress/vet-url.test.ts"],
  },
  pipeline: {
    mutate: ["gateway/src/pipeline/retry-after.ts"],
    tests: ["gateway/test/pipeline/*.test.ts"],
  },
};
