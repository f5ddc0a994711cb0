import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import type { Context } from "hono";
import type { AdminApi } from "./create-admin-api.ts";
import type { AdminEnv } from "./admin-env.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/**
 * What a page may do: load its own files and speak to this server, nothing else. No inline script or style, so that a
 * payload which is shown can never become one.
 */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

interface PageFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly type: string;
  /** Its name carries a hash of what is in it, so it may be kept for ever. */
  readonly isHashed: boolean;
}

/**
 * Serves the built dashboard: its files by their exact names, and the page itself for every address of a screen. The files
 * are read once at start; no path of a request ever reaches the file system.
 *
 * @returns whether there is one: a build without it still has the API and the commands
 */
export function serveDashboard(app: AdminApi, folder: string): boolean {
  const files = readFiles(folder);
  const page = files.get("/index.html");
  if (page === undefined) return false;
  app.get("*", (c, next) => {
    const { pathname } = new URL(c.req.url);
    const file = files.get(pathname);
    if (file !== undefined && file !== page) return send(c, file);
    const isScreen = !/^\/(?:api|healthz|readyz|metrics|assets)(?:\/|$)/.test(pathname) && extname(pathname) === "";
    return isScreen ? send(c, page) : next();
  });
  return true;
}

function send(c: Context<AdminEnv>, file: PageFile): Response {
  return c.body(file.bytes, 200, {
    "content-type": file.type,
    "cache-control": file.isHashed ? "public, max-age=31536000, immutable" : "no-cache",
    "content-security-policy": PAGE_POLICY,
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
  });
}

function readFiles(folder: string): Map<string, PageFile> {
  const files = new Map<string, PageFile>();
  if (!existsSync(folder)) return files;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const type = TYPES[extname(entry.name)];
    if (!entry.isFile() || type === undefined) continue;
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(folder.length).replaceAll("\\", "/");
    const bytes = new Uint8Array(readFileSync(path));
    files.set(name.startsWith("/") ? name : `/${name}`, { bytes, type, isHashed: name.includes("assets") });
  }
  return files;
}
