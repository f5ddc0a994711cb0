import { cold } from "../statement.ts";

export interface SignInFlowRow {
  readonly tenant: string;
  readonly issuer: string;
  readonly sealed: Buffer;
  readonly return_to: string;
  readonly person_id: string | null;
}

/**
 * Keeps a way through the provider, while there is room for one. Parameters: state sha256, browser sha256, tenant, issuer,
 * sealed, return to, person id or null, created, expires, how many there may be.
 */
export const insertSignInFlow = cold(
  "insert_sign_in_flow",
  `INSERT INTO holdfast.sign_in_flow (
     state_sha256, browser_sha256, tenant, issuer, sealed, return_to, person_id, created_at, expires_at)
   SELECT $1, $2, $3, $4, $5, $6, $7::uuid, $8::timestamptz, $9::timestamptz
    WHERE (SELECT count(*) FROM holdfast.sign_in_flow) < $10::bigint`,
);

/** Uses a flow, once, from the browser that began it. Parameters: state sha256, browser sha256, now. */
export const useSignInFlow = cold<SignInFlowRow>(
  "use_sign_in_flow",
  `UPDATE holdfast.sign_in_flow SET used_at = $3
    WHERE state_sha256 = $1 AND browser_sha256 = $2 AND used_at IS NULL AND expires_at > $3
   RETURNING tenant, issuer, sealed, return_to, person_id`,
);

/** Whether a flow that was used has not been ended since. Parameter: state sha256. */
export const findSignInFlow = cold("find_sign_in_flow", "SELECT FROM holdfast.sign_in_flow WHERE state_sha256 = $1");

/** Forgets flows that are over, used or not. Parameter: now. */
export const deleteOldFlows = cold("delete_old_flows", "DELETE FROM holdfast.sign_in_flow WHERE expires_at < $1");
