import type { RawRequest } from "@holdfast/client";
import { useQuery } from "@tanstack/react-query";
import { Tabs } from "radix-ui";
import type { ReactNode } from "react";
import { api } from "../api/api.ts";
import { Card } from "../parts/card.tsx";
import { JsonView, readBody, readBytes } from "../parts/json-view.tsx";
import { FaultPanel, Loading } from "../parts/outcome.tsx";
import { Headers } from "./event-attempts.tsx";

const TAB =
  "h-9 border-b-2 border-transparent px-3 text-[13px] text-soft hover:text-ink data-[state=active]:border-accent data-[state=active]:text-ink";

/** The request that an event came with. `actions` get what was read. */
export function Payload({
  id,
  sha256,
  actions,
}: {
  id: string;
  sha256: string;
  actions?: (raw: RawRequest) => ReactNode;
}) {
  const raw = useQuery({ queryKey: ["raw", id], queryFn: () => api.events.raw(id), staleTime: Infinity });
  if (raw.data === undefined) {
    return <Card title="Request">{raw.error === null ? <Loading rows={4} /> : <FaultPanel error={raw.error} />}</Card>;
  }
  return (
    <RequestCard
      raw={raw.data}
      sha256={sha256}
      bodyWords="The bytes that were verified, kept as they came."
      actions={actions?.(raw.data)}
      file={{ href: `/api/v1/events/${id}/raw?part=body`, name: `${id}.bin` }}
    />
  );
}

/** A request as it came: read as JSON, and beside it the exact bytes and the headers in their order. */
export function RequestCard({
  raw,
  sha256,
  bodyWords,
  actions,
  file,
}: {
  raw: RawRequest;
  sha256: string;
  bodyWords: string;
  actions?: ReactNode;
  file?: { readonly href: string; readonly name: string };
}) {
  const body = readBody(raw.bodyBase64);
  return (
    <Card
      title="Request"
      hint={<span className="break-all">{`${raw.method} ${raw.url}`}</span>}
      actions={actions}
      flush
    >
      <Tabs.Root defaultValue="body">
        <Tabs.List aria-label="Parts of the request" className="flex gap-1 border-b border-line px-3">
          <Tabs.Trigger value="body" className={TAB}>
            {body.kind === "json" ? "JSON" : "Body"}
          </Tabs.Trigger>
          <Tabs.Trigger value="headers" className={TAB}>
            Headers ({raw.headers.length})
          </Tabs.Trigger>
          <Tabs.Trigger value="bytes" className={TAB}>
            Exact bytes
          </Tabs.Trigger>
        </Tabs.List>
        <Tabs.Content value="body" className="p-4">
          {body.kind === "empty" ? (
            <p className="text-[13px] text-faint">The request had no body.</p>
          ) : (
            <JsonView text={body.text} label="Body of the request" isJson={body.kind === "json"} />
          )}
        </Tabs.Content>
        <Tabs.Content value="headers" className="p-4">
          <Headers headers={raw.headers} label="Headers of the request" />
        </Tabs.Content>
        <Tabs.Content value="bytes" className="flex flex-col gap-2 p-4 text-[13px]">
          <p className="text-soft">
            {bodyWords} Their SHA-256 is <code className="font-mono break-all">{sha256}</code>.
          </p>
          {file === undefined ? null : (
            <a className="text-accent underline underline-offset-2" href={file.href} download={file.name}>
              Save the body as a file
            </a>
          )}
          <JsonView text={readBytes(raw.bodyBase64)} label="Bytes of the body" isJson={false} />
        </Tabs.Content>
      </Tabs.Root>
    </Card>
  );
}
