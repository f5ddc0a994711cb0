import { createHash } from "node:crypto";
import { basename } from "node:path/posix";
import type { Check } from "./tree.ts";

/** Each migration's SHA-256. A line is added with its migration and never changed: databases out there have applied it. */
const FROZEN: Readonly<Record<string, string>> = {
  "0001_foundation.sql": "9974a452e0ce6c4fd8999b0cbb01bfc4173341ce7b43abb9fa0c3fae48eacf94",
  "0002_secrets_and_loops.sql": "4cf11298238c27d2a8c5318dd5e77b00138a7a809f4b362e20203584ddb28f6c",
  "0003_lanes.sql": "03da84fa25e13d7ba797030d212f09a989e92fccc309ec61988cf9476c32922e",
  "0007_recovery.sql": "f6f0893ea26b19f6d436b8fe34e672c669dd375e51fab6c95be31ce2af2673be",
  "0008_reconciliation.sql": "3d60f0339398153fca3c33e5bb26b8371e25c482cd0079a5215e83c212978246",
  "0006_processes_and_retention.sql": "d4d1140a94a187b66810f6971ac289c4ebf8cc25253214f811b23b95c3b618d3",
  "0004_gates.sql": "f4d9789b18310c9d97f508647afbd78e330353e2b8afdf02ea145e3262fac559",
  "0005_overload.sql": "71ec48aa409234cf109060b05872939cb3c0a00df8141aad1e6cc5513d75742d",
  "0009_sealed_headers.sql": "1055a14af7b7b29af4c6846a73f4d5d23bed4cd7c4c6e658e9c17cddb3fe9eaf",
  "0010_access.sql": "f4bc1e2d4576b0f04453342a3d1557aa23db583cdb2653ca57347758c7190b16",
  "0011_rates.sql": "130a5a060ed38ce090bccc92104fa9ab68b20aadb321b3aecebd787ef94b6b6c",
  "0012_audit.sql": "b5cd1a80ad98e2416cba790900df69b96db5f202dc3bca974664f91ea522c7f2",
  "0013_alerts.sql": "68e75c0994d2065cb303e4354f397ec32d5c5e721a8081d303c881cdc70ef590",
  "0014_queue_speed.sql": "4f8db71ea5f7cf086b7a0a4758485a343ce55ea9744da4f97032371c40f22d1c",
  "0015_oidc.sql": "f4c98d7b2ba5d07e3accef214b7752c8ec3116baa5f4c62b53a758fb7d6e9b4d",
  "0016_lists.sql": "8dce35d9265adb7d7efd0532fff957a7284ff2c0597b29e722a961d0ffd34f3c",
  "0017_client_secret.sql": "53bf5ad39881f6f75e997236df28daaba58860430ff886a9335d4224c1d664b2",
  "0018_stopped.sql": "65ba7c3628a6c9b83a5255d2126320cc02e1f7f1c938399499eafaa0070dc566",
  "0019_order.sql": "535fd84f0dee9b752b93cb5e685e3f94464eaa266ac61cd8eeff48d94000d6bb",
  "0020_link_owner.sql": "f67b488e3be0648ab6c2cf4ec5ddc813194b112fb5c9fb7515a1e7d6f6a46fe5",
  "0021_died.sql": "b8ef8023b2ec24284af22c7ea63ef5dd023ac7bf7d9884172f9413398256e06c",
  "0022_rejection_status.sql": "74f4afc79344986d1263e499f02a1239bc74bda0e0263fa449db7b6d65cbfb24",
  "0023_missing_since.sql": "88beb8de7825bc9ca53ab83b22220c943a95c1108cf85fe97ea31602a91cc171",
  "0024_link_end.sql": "1e37fc94afcbfc92a9a1c185906130c2394d1ba356debd65bb9f436242163fcc",
  "0025_entry_bytes.sql": "a10efb1dd8373ad3002ff3a7e95d796a24eaa707e92d711730b1bde69ea5021d",
  "0026_reconciliation_runs.sql": "95081d10d483b636b507f8685ba93b6fcba460609ed4976afe925567c7109d03",
  "0027_carrying_runs.sql": "524644c27074beae9d7b4af264eb597b6d1650899a405d7a2ba91ab8f5b4cdce",
};

/** A migration's text never changes after it was merged; a change is a new migration. */
export const checkMigrations: Check = (files) => {
  const shipped = new Map(
    files
      .filter(({ path }) => path.startsWith("gateway/migrations/"))
      .map(({ path, text }) => [basename(path), createHash("sha256").update(text).digest("hex")]),
  );
  const altered = [...shipped]
    .filter(([name, sha256]) => FROZEN[name] !== sha256)
    .map(([name, sha256]) =>
      FROZEN[name] === undefined
        ? `gateway/migrations/${name}: add its checksum ${sha256} to the list of frozen migrations`
        : `gateway/migrations/${name}: its text has changed (${sha256}); restore it and write a new migration`,
    );
  const gone = Object.keys(FROZEN).filter((name) => !shipped.has(name));
  return [...altered, ...gone.map((name) => `gateway/migrations/${name}: a migration is never removed`)];
};
