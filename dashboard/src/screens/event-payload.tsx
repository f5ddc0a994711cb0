import type { RawRequest } from "@holdfast/client";
import { useQuery } from "@tanstack/react-query";
import { Tabs } from "radix-ui";
import { api } from "../api/api.ts";
import { Card } from "../parts/card.tsx";
import { CopyButton } from "../parts/copy.tsx";
import { JsonView, readBody } from "../parts/json-view.tsx";
import { FaultPanel, Loading } from "../parts/outcome.tsx";
import { Headers } from "./event-attempts.tsx";

const TAB =
  "h-9 border-b-2 border-transparent px-3 text-[13px] text-soft hover:text-ink data-[state=active]:border-accent data-[state=active]:text-ink";

/** The request as it came: read as JSON, and beside it the exact bytes and the headers in their order. */
export function Payload({ id, sha256 }: { id: string; sha256: string }) {
  const raw = useQuery({ queryKey: ["raw", id], queryFn: () => api.events.raw(id), staleTime: Infinity });
  if (raw.data === undefined) {
    return <Card title="Request">{raw.error === null ? <Loading rows={4} /> : <FaultPanel error={raw.error} />}</Card>;
  }
  const body = readBody(raw.data.bodyBase64);
  return (
    <Card
      title="Request"
      hint={`${raw.data.method} ${raw.data.url}`}
      actions={<CopyButton text={toCurl(raw.data)} label="Copy as curl" />}
      flush
    >
      <Tabs.Root defaultValue="body">
        <Tabs.List aria-label="Parts of the request" className="flex gap-1 border-b border-line px-3">
          <Tabs.Trigger value="body" className={TAB}>
            {body.kind === "json" ? "JSON" : "Body"}
          </Tabs.Trigger>
          <Tabs.Trigger value="headers" className={TAB}>
            Headers ({raw.data.headers.length})
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
          <Headers headers={raw.data.headers} label="Headers of the request" />
        </Tabs.Content>
        <Tabs.Content value="bytes" className="flex flex-col gap-2 p-4 text-[13px]">
          <p className="text-soft">
            The bytes that were verified, kept as they came. Their SHA-256 is{" "}
            <code className="font-mono break-all">{sha256}</code>.
          </p>
          <a
            className="text-accent underline underline-offset-2"
            href={`/api/v1/events/${id}/raw?part=body`}
            download={`${id}.bin`}
          >
            Save the body as a file
          </a>
        </Tabs.Content>
      </Tabs.Root>
    </Card>
  );
}

// One single-quoted word for any shell of POSIX: a quote inside ends it, stands escaped, and begins it again.
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function toCurl(raw: RawRequest): string {
  const headers = raw.headers.map(([name, value]) => `  -H ${quote(`${name}: ${value}`)}`);
  return [
    `printf %s ${quote(raw.bodyBase64)} | base64 -d |`,
    `curl -X ${raw.method} ${quote(raw.url)} --data-binary @-`,
    ...headers,
  ].join(" \\\n");
}
