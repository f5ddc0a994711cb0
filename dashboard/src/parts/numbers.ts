/** Counts as people read them: 1,204 and from ten thousand on 12.4 k. */
export function writeCount(count: number): string {
  if (count < 10_000) return count.toLocaleString("en-US");
  if (count < 1_000_000) return `${(count / 1_000).toFixed(count < 100_000 ? 1 : 0)} k`;
  return `${(count / 1_000_000).toFixed(1)} M`;
}

/** The same where counting ended at a bound: `20.0 k+`. */
export function writeCounted(count: number, countedMax: number): string {
  return `${writeCount(count)}${count >= countedMax ? "+" : ""}`;
}

export function writeBytes(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`;
  if (bytes < 1_048_576) return `${(bytes / 1_024).toFixed(1)} KiB`;
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}

/** A share in percent; never rounded up to 100 while something failed. */
export function writeShare(part: number, whole: number): string {
  if (whole === 0) return "no attempts";
  const percent = (part / whole) * 100;
  if (part < whole && percent > 99.9) return "99.9 %";
  return `${percent >= 99.95 || percent === 0 ? Math.round(percent) : percent.toFixed(1)} %`;
}
