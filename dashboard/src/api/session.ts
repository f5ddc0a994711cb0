import { queryOptions } from "@tanstack/react-query";
import type { Person } from "@holdfast/client";
import { ApiFault } from "@holdfast/client";
import { api } from "./api.ts";

export type Role = "viewer" | "responder" | "operator" | "admin";

/** Who is signed in. */
export interface Session {
  name: string;
  tenant: string;
  role: Role;
  expiresAt: string | null;
}

const ASK_AGAIN_MS = 5_000;

/** Who is signed in; null when nobody is. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: (): Promise<Session | null> => api.get<Session>("/session").catch(toNobody),
  retry: false,
  staleTime: 60_000,
  // Who was known a moment ago most likely still is, so whoever is there is asked for until there is an answer again.
  refetchInterval: ({ state }) => (state.data !== undefined && state.error !== null ? ASK_AGAIN_MS : false),
});

function toNobody(error: unknown): null {
  if (error instanceof ApiFault && error.status === 401) return null;
  throw error;
}

/** With an API key, a one-time link's token, or a name and a password. */
export type Credentials = { apiKey: string } | { link: string } | { email: string; password: string };

export function signIn(credentials: Credentials): Promise<Session> {
  return api.post<Session>("/session", credentials);
}

/** Signs out here; where the browser came through a provider, the answer says where that session is ended. */
export function signOut(): Promise<{ url: string | null }> {
  return api.delete<{ url: string | null }>("/session");
}

/** The ways to sign in beside a password and a key. */
export const waysQuery = queryOptions({
  queryKey: ["ways"],
  queryFn: () => api.get<{ oidc: { name: string } | null }>("/session/ways"),
  retry: false,
  staleTime: 60_000,
});

/** Where the OpenID provider sends the browser back to. */
export const RETURN_PATH = "/sign-in/return";

/** Leaves for the provider's page, to come back to the screen that is open now. */
export async function leaveForProvider(): Promise<void> {
  const { pathname, search } = window.location;
  const { url } = await api.post<{ url: string }>("/session/oidc", { returnTo: pathname + search });
  window.location.assign(url);
}

/** The same, to connect the account of whoever is signed in and knows its password. */
export async function connectWithProvider(current: string): Promise<void> {
  const { url } = await api.post<{ url: string }>("/session/oidc/connect", { current });
  window.location.assign(url);
}

/** Takes the provider away from the account of whoever is signed in and knows its password. */
export function disconnectProvider(current: string): Promise<unknown> {
  return api.post("/session/oidc/disconnect", { current });
}

/** Comes back with the query that the provider gave. @returns the screen to go on with */
export async function comeBack(query: string): Promise<string> {
  return (await api.post<{ returnTo: string }>("/session/oidc/return", { query })).returnTo;
}

/** The account of whoever is signed in; null for a key, or a link that one made. */
export const accountQuery = queryOptions({
  queryKey: ["account"],
  queryFn: () => api.get<{ person: Person | null }>("/session/account"),
});

export function changePassword(current: string, next: string): Promise<unknown> {
  return api.post("/session/password", { current, next });
}

const RANK: readonly Role[] = ["viewer", "responder", "operator", "admin"];

/** Whether a role may do what a lesser one may. The server decides; this only keeps buttons away that would be refused. */
export function mayAct(session: Session | null | undefined, needed: Role): boolean {
  return session !== null && session !== undefined && RANK.indexOf(session.role) >= RANK.indexOf(needed);
}
