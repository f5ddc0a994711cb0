import type { RawRequest } from "@holdfast/client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Check, ChevronDown, Copy } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { api, describeFault } from "../api/api.ts";
import { mayAct, sessionQuery } from "../api/session.ts";
import { Button } from "../parts/button.tsx";
import { type CopiedRequest, writeCurl, writeFetch, writeFixture } from "./write-request.ts";

const ITEM =
  "flex cursor-pointer flex-col rounded-md px-3 py-1.5 outline-none data-[highlighted]:bg-accent-soft data-[highlighted]:text-ink";

/** Copies the request in a form to be sent again: as it came, or signed anew with the source's own secret. */
export function CopyRequest({ raw, sourceId }: { raw: RawRequest; sourceId: string }) {
  const session = useQuery(sessionQuery);
  const copy = useMutation({
    mutationFn: async ({ write, isSigned }: { write: (request: CopiedRequest) => string; isSigned: boolean }) => {
      const request = await readRequest(raw, sourceId, isSigned);
      await navigator.clipboard.writeText(write(request));
    },
  });
  const take = (write: (request: CopiedRequest) => string, isSigned = false) => ({
    className: ITEM,
    onSelect: () => copy.mutate({ write, isSigned }),
  });
  return (
    <span className="inline-flex items-center gap-2">
      {copy.error === null ? null : (
        <span role="alert" className="text-xs text-bad">
          {describeFault(copy.error).detail ?? describeFault(copy.error).title}
        </span>
      )}
      <span role="status" className="text-xs text-good">
        {copy.isSuccess ? "Copied" : ""}
      </span>
      <DropdownMenu.Root modal={false}>
        <DropdownMenu.Trigger asChild>
          <Button
            look="quiet"
            busy={copy.isPending}
            icon={copy.isSuccess ? <Check size={13} aria-hidden /> : <Copy size={13} aria-hidden />}
          >
            Copy as
            <ChevronDown size={13} aria-hidden />
          </Button>
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal>
          <DropdownMenu.Content
            align="end"
            sideOffset={4}
            className="z-50 w-64 rounded-lg border border-line bg-raised p-1 text-[13px] shadow-xl"
          >
            <DropdownMenu.Item {...take(writeCurl)}>curl</DropdownMenu.Item>
            <DropdownMenu.Item {...take(writeFetch)}>fetch</DropdownMenu.Item>
            <DropdownMenu.Item {...take(writeFixture)}>Test fixture (JSON)</DropdownMenu.Item>
            {mayAct(session.data, "operator") ? (
              <DropdownMenu.Item {...take(writeCurl, true)}>
                curl, signed now
                <span className="text-xs text-faint">verifies today, as if it had just been sent</span>
              </DropdownMenu.Item>
            ) : null}
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
    </span>
  );
}

async function readRequest(raw: RawRequest, sourceId: string, isSigned: boolean): Promise<CopiedRequest> {
  const { method, headers, bodyBase64 } = raw;
  const source = await api.sources.get(sourceId);
  const url = new URL(raw.url, source.ingestUrl).href;
  if (!isSigned) return { method, url, headers, bodyBase64 };
  const signed = await api.sources.sign(sourceId, { method, url: raw.url, headers, bodyBase64 });
  const taken = new Set(signed.headers.map(([name]) => name.toLowerCase()));
  return {
    method,
    url: new URL(signed.url, source.ingestUrl).href,
    headers: [...headers.filter(([name]) => !taken.has(name.toLowerCase())), ...signed.headers],
    bodyBase64: signed.bodyBase64,
  };
}
