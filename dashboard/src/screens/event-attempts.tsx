import type { Attempt, DeliverySummary } from "@holdfast/client";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api/api.ts";
import { classNames } from "../parts/class-names.ts";
import { JsonView, readBody } from "../parts/json-view.tsx";
import { FaultPanel, Loading } from "../parts/outcome.tsx";
import { StateBadge } from "../parts/state-badge.tsx";
import { Moment, writeSpan } from "../parts/zone.tsx";

/** The attempts of one delivery, the newest first and open, each with the answer that it got. */
export function Attempts({ delivery }: { delivery: DeliverySummary }) {
  const detail = useQuery({
    queryKey: ["delivery", delivery.id, delivery.attempt, delivery.state],
    queryFn: () => api.deliveries.get(delivery.id),
  });
  if (detail.error !== null) return <FaultPanel error={detail.error} />;
  if (detail.data === undefined) return <Loading rows={2} />;
  const attempts = detail.data.attempts.toReversed();
  if (attempts.length === 0) return <p className="px-4 py-3 text-[13px] text-faint">Not tried yet.</p>;
  return (
    <ol aria-label={`Attempts at ${delivery.destination}`}>
      {attempts.map((attempt, i) => (
        <AttemptRow key={attempt.id} attempt={attempt} startOpen={i === 0} />
      ))}
    </ol>
  );
}

function AttemptRow({ attempt, startOpen }: { attempt: Attempt; startOpen: boolean }) {
  const [open, setOpen] = useState(startOpen);
  return (
    <li className="border-b border-line px-4 py-2 text-[13px] last:border-b-0">
      <button
        type="button"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        className="flex w-full flex-wrap items-center gap-x-3 gap-y-1 text-left"
      >
        <span className="font-medium">Attempt {attempt.number}</span>
        <StateBadge state={attempt.outcome} />
        {attempt.status === null ? null : <code className="font-mono text-xs">{attempt.status}</code>}
        <span className="text-faint">took {writeSpan(attempt.durationMs)}</span>
        <span className="ml-auto text-faint">
          <Moment at={attempt.startedAt} exact />
        </span>
      </button>
      {open ? <Answer attempt={attempt} /> : null}
    </li>
  );
}

function Answer({ attempt }: { attempt: Attempt }) {
  const { response } = attempt;
  if (response === null) {
    return (
      <p className="mt-2 rounded-md bg-bad-soft px-3 py-2 text-[13px] text-bad">
        {attempt.detail ?? "No answer came."}
      </p>
    );
  }
  const body = readBody(response.bodyBase64);
  return (
    <div className="mt-2 flex min-w-0 flex-col gap-2">
      {attempt.detail === null ? null : <p className="text-soft">{attempt.detail}</p>}
      {response.headers.length === 0 ? null : <Headers headers={response.headers} label="Headers of the answer" />}
      {body.kind === "empty" ? (
        <p className="text-xs text-faint">The answer had no body.</p>
      ) : (
        <JsonView text={body.text} label="Body of the answer" isJson={body.kind === "json"} />
      )}
      {response.truncated ? <p className="text-xs text-warn">Only the beginning of the answer was kept.</p> : null}
    </div>
  );
}

/** Headers in the order in which they came. */
export function Headers({ headers, label }: { headers: readonly (readonly [string, string])[]; label: string }) {
  return (
    <table aria-label={label} className="w-full table-fixed rounded-md bg-sunken font-mono text-[12px]">
      <tbody>
        {headers.map(([name, value], i) => (
          <tr key={`${name}-${String(i)}`} className={classNames("align-top", i > 0 && "border-t border-line")}>
            <th scope="row" className="w-2/5 px-3 py-1 text-left font-normal break-words text-soft">
              {name}
            </th>
            <td className="px-3 py-1 break-all">{value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
