import type { RejectionDetail } from "@holdfast/client";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { RotateCcw } from "lucide-react";
import { useState } from "react";
import { api } from "../api/api.ts";
import { mayAct, sessionQuery } from "../api/session.ts";
import { Button } from "../parts/button.tsx";
import { Card, Facts } from "../parts/card.tsx";
import { Exact } from "../parts/copy.tsx";
import { writeBytes } from "../parts/numbers.ts";
import { Page, UnreadyPage } from "../parts/page.tsx";
import { Moment } from "../parts/zone.tsx";
import { RequestCard } from "./event-payload.tsx";
import { Diagnosis } from "./rejection-diagnosis.tsx";
import { RejectionReplay, useReadAfterRun } from "./rejection-replay.tsx";
import { describeCause, readDiagnosis } from "./rejection-words.ts";

const TRAIL = [["/rejections", "Rejections"]] as const;

/** One refused request: why, beside what came. */
export function RejectionScreen() {
  const { id } = useParams({ strict: false });
  const rejection = useQuery({ queryKey: ["rejection", id], queryFn: () => api.rejections.get(id ?? "") });
  if (rejection.data === undefined) {
    return (
      <UnreadyPage title="Rejection" trail={TRAIL} error={rejection.error} onRetry={() => void rejection.refetch()} />
    );
  }
  const { data } = rejection;
  const { likelyCause } = readDiagnosis(data.diagnosis);
  return (
    <Page
      title={describeCause(likelyCause).word}
      trail={TRAIL}
      from={[rejection]}
      lead={<Exact text={data.id} label="Copy the id" />}
      actions={<ReplayOne rejection={data} />}
    >
      <div className="grid min-w-0 items-start gap-4 xl:grid-cols-2">
        <div className="flex min-w-0 flex-col gap-4">
          <Diagnosis rejection={data} />
          <About rejection={data} />
        </div>
        <RequestCard
          raw={data.request}
          sha256={data.request.bodySha256}
          bodyWords="The bytes as they came, over which the signature was checked."
        />
      </div>
    </Page>
  );
}

function ReplayOne({ rejection }: { rejection: RejectionDetail }) {
  const session = useQuery(sessionQuery);
  const [asks, setAsks] = useState(false);
  const [runId, setRunId] = useState<string | null>(null);
  useReadAfterRun(runId);
  return (
    <>
      {rejection.eventId !== null ? (
        <Link to="/events/$id" params={{ id: rejection.eventId }} className="text-[13px] text-accent hover:underline">
          A replay made it an event
        </Link>
      ) : mayAct(session.data, "responder") ? (
        <Button icon={<RotateCcw size={13} aria-hidden />} onClick={() => setAsks(true)}>
          Replay into an event
        </Button>
      ) : null}
      {asks ? (
        <RejectionReplay scope={{ ids: [rejection.id] }} onRun={setRunId} onClose={() => setAsks(false)} />
      ) : null}
    </>
  );
}

function About({ rejection }: { rejection: RejectionDetail }) {
  const { source, reason } = rejection;
  return (
    <Card title="What is known">
      <Facts
        facts={[
          [
            "Source",
            <Link
              key="s"
              to={"/sources/$id" as "/events/$id"}
              params={{ id: rejection.sourceId }}
              className="text-accent hover:underline"
            >
              {source}
            </Link>,
          ],
          [
            "Reason",
            <Link key="r" to="/rejections" search={{ source, reason }} className="text-accent hover:underline">
              {reason}
            </Link>,
          ],
          [
            "Answered",
            <code key="a" className="font-mono">
              {rejection.status}
            </code>,
          ],
          ["Received", <Moment key="t" at={rejection.receivedAt} exact />],
          ["Came from", rejection.remoteAddress],
          ["Body", writeBytes(rejection.bodyBytes)],
          ["SHA-256", <Exact key="h" text={rejection.request.bodySha256} />],
        ]}
      />
    </Card>
  );
}
