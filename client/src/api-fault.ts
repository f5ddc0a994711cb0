/** One thing that is wrong with what was sent, and where. */
export interface FieldFault {
  path: string;
  problem: string;
}

/** A problem document of the admin API (RFC 9457). */
export interface Problem {
  /** Stable: `urn:holdfast:fault:<code>`. */
  type: string;
  title: string;
  status: number;
  /** Finds the request in the gateway's log; null when the answer did not come from a gateway. */
  id: string | null;
  detail: string | null;
  faults: FieldFault[];
}

/** `type` of faults that arise on this side: no answer came, or one that is not the admin API's. */
export const UNREACHABLE = "urn:holdfast:fault:unreachable";
export const NOT_UNDERSTOOD = "urn:holdfast:fault:not_understood";

/** A call of the admin API that did not succeed. `status` is 0 where no answer came. */
export class ApiFault extends Error implements Problem {
  override readonly name = "ApiFault";
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly id: string | null;
  readonly detail: string | null;
  readonly faults: FieldFault[];

  constructor(problem: Problem) {
    super(problem.detail === null ? problem.title : `${problem.title}: ${problem.detail}`);
    this.type = problem.type;
    this.title = problem.title;
    this.status = problem.status;
    this.id = problem.id;
    this.detail = problem.detail;
    this.faults = problem.faults;
  }

  /** The last part of the type, such as `not_found`. */
  get code(): string {
    return this.type.slice(this.type.lastIndexOf(":") + 1);
  }
}

/** Reads a problem document; whatever else stands in a failed answer becomes one by its status. */
export function toProblem(status: number, text: string): Problem {
  const read = parseObject(text);
  const { type, title, id, detail, faults } = read;
  const known = typeof type === "string" && typeof title === "string";
  return {
    type: known ? type : NOT_UNDERSTOOD,
    title: known ? title : `The answer is no problem document of Holdfast (status ${status}); is this the admin URL?`,
    status,
    id: typeof id === "string" ? id : null,
    detail: typeof detail === "string" ? detail : null,
    faults: Array.isArray(faults) ? faults.flatMap(toFieldFault) : [],
  };
}

function toFieldFault(value: unknown): FieldFault[] {
  if (typeof value !== "object" || value === null || !("path" in value) || !("problem" in value)) return [];
  const { path, problem } = value;
  return typeof path === "string" && typeof problem === "string" ? [{ path, problem }] : [];
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
