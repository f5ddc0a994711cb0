import type { SecretState } from "../../domain/catalog.ts";
import { cold } from "../statement.ts";

export interface SecretVersionRow {
  readonly version: string;
  readonly state: SecretState;
  readonly not_after: Date | null;
  readonly created_at: Date;
  readonly activated_at: Date | null;
  readonly retired_at: Date | null;
  readonly uses: number;
  readonly first_used_at: Date | null;
  readonly last_used_at: Date | null;
}

/**
 * A source's secret versions with their use, never their values: those that verify in their order, then the retired ones,
 * newest first. Parameters: tenant, source id, limit.
 */
export const listSecretVersions = cold<SecretVersionRow>(
  "list_secret_versions_with_usage",
  `SELECT s.version, s.state, s.not_after, s.created_at, s.activated_at, s.retired_at,
          coalesce(k.uses, 0) AS uses, k.first_used_at, k.last_used_at
     FROM holdfast.secret_version s
     LEFT JOIN holdfast.secret_usage k ON k.source_id = s.source_id AND k.version = s.version
    WHERE s.tenant = $1 AND s.source_id = $2
    ORDER BY s.state = 'retired', s.retired_at DESC, s.position, s.version
    LIMIT $3`,
);
