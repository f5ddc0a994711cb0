/** Whose body takes of the budget. */
export interface BodyHolder {
  readonly sourceId: string;
  /** The largest body that the source allows, in bytes. */
  readonly bytesMax: number;
  /** Whether events of the source can be critical. */
  readonly isCritical: boolean;
}

/** How many bytes all bodies together may hold that are being read or recorded. */
export interface ByteBudget {
  /** @returns false when there is no room for so many more */
  take(holder: BodyHolder, bytes: number): boolean;
  give(holder: BodyHolder, bytes: number): void;
}

/** What one source may hold: whoever knows its URL can begin uploads and leave them, and must not shut the door for others. */
const SOURCE_PART = 1 / 4;
/** What is for critical sources alone. */
const CRITICAL_PART = 1 / 8;

export function createByteBudget(bytesMax: number): ByteBudget {
  const held = new Map<string, number>();
  let taken = 0;
  return {
    take({ sourceId, bytesMax: largest, isCritical }, bytes) {
      const own = (held.get(sourceId) ?? 0) + bytes;
      if (own > Math.max(bytesMax * SOURCE_PART, largest)) return false;
      if (taken + bytes > (isCritical ? bytesMax : bytesMax * (1 - CRITICAL_PART))) return false;
      taken += bytes;
      held.set(sourceId, own);
      return true;
    },
    give({ sourceId }, bytes) {
      taken -= bytes;
      const left = (held.get(sourceId) ?? 0) - bytes;
      if (left > 0) held.set(sourceId, left);
      else held.delete(sourceId);
    },
  };
}
