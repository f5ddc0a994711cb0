/** Why a gateway did not start: a stable code, what is wrong, and what to do. */
export interface StartFault {
  readonly ok: false;
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

export function startFault(code: string, message: string, remedy: string): StartFault {
  return { ok: false, code, message, remedy };
}
