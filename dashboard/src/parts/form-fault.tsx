import { ApiFault } from "@holdfast/client";
import { FaultPanel } from "./outcome.tsx";

/** What is wrong with the field of this path, or null. */
export function faultOf(error: unknown, path: string): string | null {
  if (!(error instanceof ApiFault)) return null;
  const found = error.faults.find((fault) => fault.path === path || fault.path.startsWith(`${path}[`));
  return found === undefined ? null : found.problem;
}

/** What a form was refused for: every fault with its place, or the fault as a whole. */
export function FormFault({ error, shown = [] }: { error: unknown; shown?: readonly string[] }) {
  if (error === null) return null;
  const faults = error instanceof ApiFault ? error.faults : [];
  const others = faults.filter(({ path }) => !shown.some((name) => path === name || path.startsWith(`${name}[`)));
  if (faults.length > 0 && others.length === 0) return null;
  if (others.length === 0) return <FaultPanel error={error} />;
  return (
    <ul role="alert" className="rounded-lg border border-bad/30 bg-bad-soft px-4 py-3 text-[13px] text-ink">
      {others.map(({ path, problem }) => (
        <li key={`${path}-${problem}`}>
          {path === "" ? null : <code className="mr-1.5 font-mono text-xs text-bad">{path}</code>}
          {problem}
        </li>
      ))}
    </ul>
  );
}
