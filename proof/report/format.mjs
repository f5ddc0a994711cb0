// Figures as people read them.

/** 1234567 as 1,234,567. @param {number} count */
export const formatCount = (count) => count.toLocaleString("en-US", { maximumFractionDigits: 2 });

/** Milliseconds up to a second, seconds beyond. @param {number} ms */
export function formatMs(ms) {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`;
}

/** A share: in percent, or as a power of ten when it is tiny. @param {number} share */
export function formatRate(share) {
  if (share === 0) return "0";
  if (share >= 0.0001) return `${(share * 100).toFixed(share >= 0.01 ? 2 : 3)} %`;
  const [mantissa, exponent] = share.toExponential(1).split("e");
  return `${mantissa} × 10⁻${[...`${Math.abs(Number(exponent))}`].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)]).join("")}`;
}
