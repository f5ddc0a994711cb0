/**
 * The known name that was probably meant: the one with the fewest edits (Levenshtein), if those are at most a third of
 * its length (two in short names). Null when nothing is near.
 */
export function nearestName(name: string, known: readonly string[]): string | null {
  let best: string | null = null;
  let fewest = Infinity;
  for (const candidate of known) {
    const edits = editsBetween(name.slice(0, NAME_LENGTH_MAX).toLowerCase(), candidate.toLowerCase());
    if (edits < fewest && edits <= Math.max(2, candidate.length / 3)) {
      best = candidate;
      fewest = edits;
    }
  }
  return best;
}

const NAME_LENGTH_MAX = 100;

function editsBetween(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const swap = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(swap, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}
