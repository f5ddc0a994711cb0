import type { IncomingMessage } from "node:http";
import type { Principal } from "./api-keys.ts";

/** What the server knows of a connection; absent when the app is called without one. */
export interface AdminBindings {
  readonly incoming?: IncomingMessage;
  /** The server listens on a loopback address only. */
  readonly loopbackBind?: boolean;
  readonly hostsAllowed?: readonly string[];
}

/** The types of one request's context. */
export interface AdminEnv {
  Bindings: AdminBindings;
  Variables: {
    /** Stands in the answer, in problems and in the log. */
    requestId: string;
    /** Absent where an operation is open to everybody. */
    principal: Principal | undefined;
  };
}
