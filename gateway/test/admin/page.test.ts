import { describe, expect, it } from "vitest";
import { readCursor, toPage } from "../../src/http/admin/page.ts";

const IDS = [
  "00000000-0000-7000-8000-000000000003",
  "00000000-0000-7000-8000-000000000002",
  "00000000-0000-7000-8000-000000000001",
];
const SCOPE = ["things", "filter"];

function cut(rows: readonly string[], limit: number, floor: readonly string[] | null = null) {
  return toPage(
    SCOPE,
    rows,
    limit,
    (id) => [id],
    (id) => id,
    floor,
  );
}

describe("a page", () => {
  it("ends without a cursor exactly when there is nothing more", () => {
    expect(cut(IDS, 3)).toEqual({ items: IDS, nextCursor: null });
    const page = cut(IDS, 2);
    expect(page.items).toEqual(IDS.slice(0, 2));
    expect(readCursor(SCOPE, page.nextCursor ?? "", 1)).toEqual({ ok: true, after: [IDS[1]] });
  });

  it("that a bounded search left short goes on where the search ended, not where its last item stands", () => {
    const floor = [IDS[2]!];
    expect(readCursor(SCOPE, cut([], 2, floor).nextCursor ?? "", 1)).toEqual({ ok: true, after: floor });
    expect(readCursor(SCOPE, cut(IDS.slice(0, 1), 2, floor).nextCursor ?? "", 1)).toEqual({ ok: true, after: floor });
    expect(readCursor(SCOPE, cut(IDS, 2, floor).nextCursor ?? "", 1)).toEqual({ ok: true, after: [IDS[1]] });
  });

  it("takes no cursor of other filters, of another form, or with keys that are no ids", () => {
    const cursor = cut(IDS, 1).nextCursor ?? "";
    expect(readCursor(["things", "other"], cursor, 1).ok).toBe(false);
    expect(readCursor(SCOPE, cursor, 2).ok).toBe(false);
    const forged =
      toPage(
        SCOPE,
        ["' or 1=1", "x"],
        1,
        (id) => [id],
        (id) => id,
      ).nextCursor ?? "";
    expect(readCursor(SCOPE, forged, 1).ok).toBe(false);
  });
});
