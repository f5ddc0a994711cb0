import type { AlertNotice } from "../api/alerts.ts";
import { Card } from "../parts/card.tsx";
import { Badge } from "../parts/state-badge.tsx";
import { Moment } from "../parts/zone.tsx";

const STATES = {
  queued: { tone: "wait", word: "On its way" },
  sent: { tone: "good", word: "Taken" },
  failed: { tone: "bad", word: "Given up" },
} as const;
const KINDS = { fired: "Firing", repeated: "Still firing", resolved: "Recovered", test: "Test" } as const;

/** What was told, by which channel, and whether it was taken. */
export function Notices({ notices }: { notices: readonly AlertNotice[] }) {
  return (
    <Card title="Notices" hint="newest first" flush>
      {notices.length === 0 ? (
        <p className="px-4 py-6 text-center text-[13px] text-soft">Nobody has been told of anything yet.</p>
      ) : (
        <ul>
          {notices.map((notice) => (
            <NoticeRow key={notice.id} notice={notice} />
          ))}
        </ul>
      )}
    </Card>
  );
}

function NoticeRow({ notice }: { notice: AlertNotice }) {
  const { tone, word } = STATES[notice.state];
  const what = notice.alerts.map(({ rule, subject }) => `${rule} (${subject})`).join(", ");
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-2 text-[13px] last:border-b-0">
      <Badge tone={tone}>{word}</Badge>
      <span className="font-medium">{notice.channel}</span>
      <span className="min-w-0 break-words text-soft">
        {KINDS[notice.kind]}
        {notice.kind === "test" ? "" : `: ${what}`}
      </span>
      <span className="text-xs text-faint sm:ml-auto">
        <Moment at={notice.createdAt} />
        {notice.attempts > 1 ? `, ${notice.attempts} attempts` : ""}
      </span>
      {notice.detail === null || notice.state === "sent" ? null : (
        <p className="w-full break-words text-bad">{notice.detail}</p>
      )}
    </li>
  );
}
