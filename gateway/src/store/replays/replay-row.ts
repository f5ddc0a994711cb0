import type { ReplayOptions, ReplayScope, ReplayState, ReplaySubject } from "../../domain/replay-scope.ts";
import type { ReplayTally } from "../../domain/replay-tally.ts";

/** A replay as it is stored. `plan` is what planning counted, as the API shows it. */
export interface ReplayRow {
  readonly id: string;
  readonly tenant: string;
  readonly token: string;
  readonly subject: ReplaySubject;
  readonly state: ReplayState;
  readonly scope: ReplayScope;
  readonly options: ReplayOptions;
  readonly plan: Record<string, unknown>;
  readonly tally: ReplayTally;
  readonly until_id: string;
  readonly cursor_id: string;
  readonly cursor_at: Date | null;
  readonly is_scanned: boolean;
  readonly planned_at: Date;
  readonly planned_by: string;
  readonly started_at: Date | null;
  readonly started_by: string | null;
  readonly ended_at: Date | null;
  readonly ended_by: string | null;
  readonly end_reason: string | null;
}

export const REPLAY_COLUMNS = `id, tenant, token, subject, state, scope, options, plan, tally, until_id, cursor_id, cursor_at, is_scanned,
          planned_at, planned_by, started_at, started_by, ended_at, ended_by, end_reason`;
