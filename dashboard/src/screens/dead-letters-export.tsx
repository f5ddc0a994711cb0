import type { DeadLetter, DeadLetterQuery } from "@holdfast/client";
import { useMutation } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { api, describeFault } from "../api/api.ts";
import { Button } from "../parts/button.tsx";

/** So many letters go into one file: more would fill the browser's memory. */
const EXPORTED_MAX = 10_000;

/** Saves what the filter fits as lines of JSON, and says so when there is more than one file may hold. */
export function DeadLetterExport({ query }: { query: Omit<DeadLetterQuery, "cursor" | "limit"> }) {
  const exporting = useMutation({
    mutationFn: async () => {
      const letters: DeadLetter[] = [];
      for await (const letter of api.deadLetters.all({ ...query, limit: 200 })) {
        letters.push(letter);
        if (letters.length >= EXPORTED_MAX) break;
      }
      save(letters.map((letter) => `${JSON.stringify(letter)}\n`).join(""));
      return letters.length;
    },
  });
  return (
    <span className="inline-flex items-center gap-2">
      {exporting.error === null ? null : (
        <span role="alert" className="text-xs text-bad">
          {describeFault(exporting.error).title}
        </span>
      )}
      {exporting.data === undefined ? null : (
        <span role="status" className="text-xs text-soft">
          {exporting.data.toLocaleString("en-US")} saved
          {exporting.data >= EXPORTED_MAX
            ? "; there may be more: narrow the filter, or use holdfast dead list --json"
            : ""}
        </span>
      )}
      <Button busy={exporting.isPending} icon={<Download size={13} aria-hidden />} onClick={() => exporting.mutate()}>
        Export
      </Button>
    </span>
  );
}

function save(text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "application/x-ndjson" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `dead-letters-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}.jsonl`;
  link.click();
  URL.revokeObjectURL(url);
}
