/** The roles with what each may do, for a choice of one. */
export const ROLE_CHOICES = [
  ["viewer", "viewer: looks"],
  ["responder", "responder: retries and replays"],
  ["operator", "operator: changes the configuration"],
  ["admin", "admin: decides who may do what"],
] as const;

export const PASSWORD_HINT = "At least 12 characters; a sentence is good";
