import { queryOptions } from "@tanstack/react-query";
import { api } from "./api.ts";

export type Role = "viewer" | "responder" | "operator" | "admin";

/** Who is signed in. */
export interface Session {
  name: string;
  tenant: string;
  role: Role;
  expiresAt: string | null;
}

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: () => api.get<Session>("/session"),
  retry: false,
  staleTime: 60_000,
});

/** With an API key, a one-time link's token, or a name and a password. */
export type Credentials = { apiKey: string } | { link: string } | { email: string; password: string };

export function signIn(credentials: Credentials): Promise<Session> {
  return api.post<Session>("/session", credentials);
}

export function signOut(): Promise<unknown> {
  return api.delete("/session");
}

const RANK: readonly Role[] = ["viewer", "responder", "operator", "admin"];

/** Whether a role may do what a lesser one may. The server decides; this only keeps buttons away that would be refused. */
export function mayAct(session: Session | undefined, needed: Role): boolean {
  return session !== undefined && RANK.indexOf(session.role) >= RANK.indexOf(needed);
}
