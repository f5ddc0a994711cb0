/**
 * Why the embedded database cannot be used:
 * - `data_dir_in_use`: another process owns the folder, or a server runs there that does not answer us
 * - `data_dir_not_writable`: the folder cannot be made, entered or written by whom the server runs as
 * - `data_dir_damaged`: there is something in the folder that is not a whole cluster of ours
 * - `other_major`: the cluster was written by another major version of PostgreSQL
 * - `unsupported_platform`: there is no build for this operating system and processor
 * - `binaries_missing`: there is one, but it is not installed
 * - `no_unprivileged_user`: we are root, and PostgreSQL must not be, and there is nobody else to be
 * - `start_failed`: the server or its initialisation ended with an error of its own
 */
export type EmbeddedFaultCode =
  | "data_dir_in_use"
  | "data_dir_not_writable"
  | "data_dir_damaged"
  | "other_major"
  | "unsupported_platform"
  | "binaries_missing"
  | "no_unprivileged_user"
  | "start_failed";

/** A reason with what to do about it; both are whole sentences for the terminal. */
export interface EmbeddedFault {
  readonly ok: false;
  readonly code: EmbeddedFaultCode;
  readonly message: string;
  readonly remedy: string;
}

export function embeddedFault(code: EmbeddedFaultCode, message: string, remedy: string): EmbeddedFault {
  return { ok: false, code, message, remedy };
}
