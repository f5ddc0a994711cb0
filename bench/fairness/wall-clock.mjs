/** Milliseconds since 1970 with fractions, comparable between processes of one machine. */
export function wallMs() {
  return performance.timeOrigin + performance.now();
}
