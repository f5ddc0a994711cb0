import { existsSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestSpecification } from "vitest/node";
import { BaseSequencer } from "vitest/node";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The files that take longest alone, longest first. Most of them wait more than they compute, for leases and for processes. */
const LONGEST = [
  "gateway/test/proof/frozen-worker.test.ts",
  "dashboard/test/screen-states.test.ts",
  "gateway/test/cli/secrets.test.ts",
  "gateway/test/proof/crash-points-work.test.ts",
  "gateway/test/proof/crash-points-delay.test.ts",
  "gateway/test/proof/crash-points-ingest.test.ts",
  "dashboard/test/sign-in.test.ts",
  "gateway/test/delivery/leases.test.ts",
  "gateway/test/reconcile/killed-process.test.ts",
  "gateway/test/embedded/install.test.ts",
  "gateway/test/delivery/drain.test.ts",
  "gateway/test/cli/first-minute.test.ts",
  "gateway/test/ingest/processes.test.ts",
  "gateway/test/cli/refusals.test.ts",
  "gateway/test/recovery/replay.test.ts",
  "gateway/test/delivery/handlers.test.ts",
  "gateway/test/cli/desk-commands.test.ts",
  "gateway/test/embedded/crash.test.ts",
  "gateway/test/proof/release.test.ts",
  "gateway/test/store/transfer.test.ts",
  "gateway/test/processes/rolling-restart.test.ts",
  "gateway/test/proof/kill-flood.test.ts",
];

/** Runs the longest files first, so that none of them is left alone at the end while the other workers have nothing to do. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const gone = LONGEST.filter((path) => !existsSync(`${ROOT}${path}`));
    if (gone.length > 0) throw new Error(`test/setup/longest-first.ts names ${gone.join(", ")}: there is no such file`);
    const place = ({ moduleId }: TestSpecification): number => {
      const at = LONGEST.indexOf(relative(ROOT, moduleId));
      return at < 0 ? LONGEST.length : at;
    };
    const long = files.filter((file) => place(file) < LONGEST.length);
    const rest = files.filter((file) => place(file) === LONGEST.length);
    // oxlint-disable-next-line unicorn/no-array-sort -- not an array's, but vitest's own order: by size
    return [...long.toSorted((a, b) => place(a) - place(b)), ...(await super.sort(rest))];
  }
}
