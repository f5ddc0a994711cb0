import type { Context } from "hono";
import type { FieldFault } from "../../domain/field-checks.ts";
import type { FaultCode, Problem } from "../../platform/fault.ts";
import { toProblem } from "../../platform/fault.ts";
import type { AdminEnv } from "./admin-env.ts";

const FAULTS_MAX = 100;

/** Answers with a problem document (RFC 9457): what is wrong and what to do, an id that finds the log, nothing inner. */
export function answerProblem(
  c: Context<AdminEnv>,
  code: FaultCode,
  more: Pick<Problem, "detail" | "faults"> = {},
): Response {
  const { faults } = more;
  const told = faults === undefined ? more : { ...more, faults: firstOf(faults) };
  const problem = toProblem(code, c.get("requestId"), told);
  if (problem.status === 401) c.header("www-authenticate", 'Bearer realm="holdfast"');
  if (problem.status === 503) c.header("retry-after", "1");
  c.header("content-type", "application/problem+json");
  // The statuses of the catalogue are all ones that may have a body; the type of Hono's parameter is narrower than number.
  return c.body(JSON.stringify(problem), problem.status as 400);
}

/** A body can be wrong in as many places as it has bytes. */
function firstOf(faults: readonly FieldFault[]): readonly FieldFault[] {
  if (faults.length <= FAULTS_MAX) return faults;
  const shown = faults.slice(0, FAULTS_MAX - 1);
  return [...shown, { path: "", problem: `and ${faults.length - shown.length} more` }];
}
