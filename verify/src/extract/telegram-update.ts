import type { Arrival } from "../arrival.ts";
import { path } from "./json-scan.ts";
import { select } from "./select.ts";

/** The members that an update may have beside its id: exactly one of them is there (core.telegram.org/bots/api#update). */
const kinds =
  "message edited_message channel_post edited_channel_post business_connection business_message edited_business_message deleted_business_messages message_reaction message_reaction_count inline_query chosen_inline_result callback_query shipping_query pre_checkout_query purchased_paid_media poll poll_answer my_chat_member chat_member chat_join_request chat_boost removed_chat_boost".split(
    " ",
  );
const paths = [path("update_id"), ...kinds.map((kind) => path(kind))];

/** An update as a flat document: its id, the name of its member, and the member's time. */
export function describeUpdate({ request }: Arrival): Uint8Array {
  const [id, ...members] = select(request.body, paths);
  const place = members.findIndex((member) => member !== null);
  const kind = kinds[place];
  const parts: string[] = [];
  if (id?.kind === "number") parts.push(`"update_id":${id.text}`);
  if (kind !== undefined) {
    parts.push(`"type":"${kind}"`);
    const [date] = select(request.body, [path(`${kind}.date`)]);
    if (date?.kind === "number") parts.push(`"date":${date.text}`);
  }
  return Buffer.from(`{${parts.join(",")}}`, "utf8");
}
