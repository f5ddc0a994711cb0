import { ApiFault, createApi } from "@holdfast/client";

// Here a 401 is the answer that was asked for. Told of it, the look at the session would be taken up anew each time it ends.
const SESSION_PATH = "/api/v1/session";

/** Is told when a call finds that nobody is signed in any more. */
let onSignedOut: () => void = () => {};

export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener;
}

/**
 * The same client that the command line uses. The browser's session cookie stands in for the key; the header beside it is
 * one that a foreign page cannot set, so a request that it made on the user's behalf is refused.
 */
export const api = createApi({
  url: window.location.origin,
  token: "",
  fetch: async (input, init) => {
    const headers = new Headers(init?.headers);
    headers.delete("authorization");
    headers.set("holdfast-dashboard", "1");
    const response = await fetch(input, { ...init, headers, credentials: "same-origin" });
    if (response.status === 401 && new URL(response.url).pathname !== SESSION_PATH) onSignedOut();
    return response;
  },
});

/** What a fault means to whoever looks at the screen. */
export function describeFault(error: unknown): {
  title: string;
  detail: string | null;
  id: string | null;
  code: string;
} {
  if (error instanceof ApiFault) return { title: error.title, detail: error.detail, id: error.id, code: error.code };
  return { title: error instanceof Error ? error.message : "Unknown error", detail: null, id: null, code: "unknown" };
}
