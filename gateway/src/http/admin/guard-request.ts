import type { Context, MiddlewareHandler } from "hono";
import { newUuid } from "../../domain/id.ts";
import type { AdminDeps } from "./admin-deps.ts";
import type { AdminEnv } from "./admin-env.ts";
import { answerProblem } from "./answer-problem.ts";
import { findPrincipal } from "./api-keys.ts";
import { askStore } from "./refusal.ts";
import { DASHBOARD_HEADER, findSessionOwner } from "./sessions.ts";
import { isLoopbackName } from "./start-admin-server.ts";

/** Headers for answers that are data and never a page: nothing is cached, framed, sniffed or run. */
const SECURE_HEADERS = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

/** Names the request, protects its answer, and refuses it under a foreign host name. */
export function guardRequest(deps: Pick<AdminDeps, "clock" | "random">): MiddlewareHandler<AdminEnv> {
  return async (c, next) => {
    const requestId = newUuid(deps.clock.now().getTime(), 0, deps.random(8));
    c.set("requestId", requestId);
    if (!isHostAllowed(c.req.header("host"), c.env)) {
      c.res = answerProblem(c, "host_refused", {
        detail: "This server listens on loopback only and answers to localhost and loopback addresses.",
      });
    } else {
      await next();
    }
    c.res.headers.set("request-id", requestId);
    for (const [name, value] of Object.entries(SECURE_HEADERS)) {
      if (!c.res.headers.has(name)) c.res.headers.set(name, value);
    }
  };
}

/**
 * A page of a foreign site can have its own name resolve to 127.0.0.1 and then speak to this server as if it were its own
 * (DNS rebinding); the Host header still carries that name.
 */
function isHostAllowed(host: string | undefined, bindings: AdminEnv["Bindings"] | undefined): boolean {
  if (bindings?.loopbackBind !== true) return true;
  const name = (host ?? "").toLowerCase().replace(/:\d{1,5}$/, "");
  const bare = name.startsWith("[") && name.endsWith("]") ? name.slice(1, -1) : name;
  return isLoopbackName(bare) || (bindings.hostsAllowed ?? []).includes(name);
}

/** The API key that a request carries, whether it is good or not; null for none. */
export function readBearer(c: Context<AdminEnv>): string | null {
  return /^Bearer +(\S+)$/i.exec(c.req.header("authorization") ?? "")?.[1] ?? null;
}

/**
 * Whether the browser speaks TLS to us or to a proxy in front of us: beyond loopback it has to, and there it came by the public
 * address, which a proxy on this machine passes on as the name.
 */
export function isByTls(c: Context<AdminEnv>, { dashboardUrl }: Pick<AdminDeps, "dashboardUrl">): boolean {
  if (c.env?.loopbackBind !== true) return true;
  const url = dashboardUrl === undefined ? null : new URL(dashboardUrl());
  return url?.protocol === "https:" && c.req.header("host")?.toLowerCase() === url.host;
}

/**
 * Lets a request through with the principal of its API key, or of its browser's session. Failures are logged without the
 * secret. What a browser sends by itself, the cookie, changes nothing unless our own page's script says so beside it.
 */
export function authenticate(
  deps: Pick<AdminDeps, "db" | "clock" | "random" | "log" | "dashboardUrl">,
): MiddlewareHandler<AdminEnv> {
  return async (c, next) => {
    const key = readBearer(c);
    const found = await askStore(() =>
      key === null ? findSessionOwner(deps, c.req.header("cookie"), isByTls(c, deps)) : findPrincipal(deps, key),
    );
    if (!found.ok) {
      deps.log.warn({ requestId: c.get("requestId"), cause: found.cause }, "the caller could not be looked up");
      return answerProblem(c, found.code);
    }
    const principal = found.value;
    if (principal === null) {
      deps.log.warn(
        {
          requestId: c.get("requestId"),
          remoteAddress: c.env?.incoming?.socket.remoteAddress ?? null,
          given: key !== null,
        },
        "a request without a valid API key was refused",
      );
      return answerProblem(c, "unauthorized", {
        detail: "Send a key that is neither revoked nor expired, as: Authorization: Bearer hfk_…",
      });
    }
    if (principal.sessionId !== null && isForeign(c)) {
      deps.log.warn({ requestId: c.get("requestId"), name: principal.name }, "a foreign page's request was refused");
      return answerProblem(c, "foreign_page", {
        detail: "Changes by a session come from the dashboard's own pages only.",
      });
    }
    c.set("principal", principal);
    return next();
  };
}

// Cross-site request forgery (S36): the browser names the page's site itself, and a form cannot set our header.
function isForeign(c: Context<AdminEnv>): boolean {
  const site = c.req.header("sec-fetch-site");
  if (site !== undefined && site !== "same-origin" && site !== "none") return true;
  const isLook = c.req.method === "GET" || c.req.method === "HEAD";
  return !isLook && c.req.header(DASHBOARD_HEADER) !== "1";
}
