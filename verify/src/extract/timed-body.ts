import type { StableContent } from "../provider.ts";
import { path } from "./json-scan.ts";
import { selectTexts } from "./select.ts";

/**
 * The body where it holds the moment of what it tells, and so is told once; else what is signed, the time of sending included: two
 * events may then read alike, and a retry that is signed anew counts as a new one rather than that one of them be lost.
 */
export function timedBody(dotted: string): StableContent {
  const paths = [path(dotted)];
  return ({ request }, signed) => (selectTexts(request.body, paths)[0] === null ? signed : [request.body]);
}
