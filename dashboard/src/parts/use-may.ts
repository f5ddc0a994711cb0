import { useQuery } from "@tanstack/react-query";
import type { Role } from "../api/session.ts";
import { mayAct, sessionQuery } from "../api/session.ts";

/** Whether whoever is signed in may do what needs this role. */
export function useMay(role: Role): boolean {
  return mayAct(useQuery(sessionQuery).data, role);
}
