import type { AuditVerification } from "@holdfast/client";
import { api } from "../api/api.ts";

/** Follows the whole chain, part by part. */
export async function verifyAll(): Promise<AuditVerification> {
  let found = await api.audit.verify();
  let { entries } = found;
  while (found.intact && !found.complete && found.last !== null) {
    found = await api.audit.verify({ after: found.last.n, hash: found.last.hash });
    entries += found.entries;
  }
  return { ...found, entries };
}
