import type { FlowSecrets } from "../../platform/open-id-provider.ts";
import type { SecretsBox } from "../../platform/secrets-box.ts";
import { hashToken } from "./sessions.ts";

/** The cookie that binds a way through the provider to the browser that began it. */
export const FLOW_COOKIE = "holdfast_sign_in";

/** Seals what a flow must know when it comes back; the state itself comes back with the browser. */
export function sealFlow(box: SecretsBox, { state, nonce, verifier }: FlowSecrets): Uint8Array {
  return box.seal(Buffer.from(`${nonce} ${verifier}`), nameFlow(state));
}

/** @returns null when another master key sealed it */
export function openFlow(box: SecretsBox, sealed: Uint8Array, state: string): FlowSecrets | null {
  const opened = box.open(sealed, nameFlow(state));
  if (!opened.ok) return null;
  const [nonce = "", verifier = ""] = Buffer.from(opened.plain).toString().split(" ");
  return { state, nonce, verifier };
}

function nameFlow(state: string): string {
  return `sign-in flow ${hashToken(state).toString("hex")}`;
}

/** A token longer than that is not kept: it would not fit into the address by which it goes back. */
const ID_TOKEN_CHARS_MAX = 4_000;

/** Seals the ID token of a session, with which the provider's own session is ended later. */
export function sealIdToken(box: SecretsBox, idToken: string, sessionId: string): Uint8Array | null {
  return idToken.length > ID_TOKEN_CHARS_MAX ? null : box.seal(Buffer.from(idToken), `session ${sessionId}`);
}

/** @returns null when there is none that opens */
export function openIdToken(box: SecretsBox, sealed: Uint8Array | null, sessionId: string): string | null {
  const opened = sealed === null ? null : box.open(sealed, `session ${sessionId}`);
  return opened?.ok === true ? Buffer.from(opened.plain).toString() : null;
}
