// A small SVG: one bar a line with a whisker from its slowest to its fastest round, and the ratios below.

const WIDTH = 760;
const ROW = 30;
const LEFT = 240;
const RIGHT = 90;
const COLOURS = {
  floor: "#8a8f98",
  holdfast: "#1f7a5c",
  bullmq: "#b5651d",
  "graphile-worker": "#4a6fa5",
  "pg-boss": "#8b5e83",
};

/**
 * @param {{ title: string, bars: readonly { label: string, contender: string, value: number, lowest: number, highest: number }[],
 *   notes: readonly string[] }} plot values of any unit, all of the same
 * @returns {string} an SVG that follows the reader's light or dark
 */
export function drawBars({ title, bars, notes }) {
  const highest = Math.max(...bars.map((bar) => bar.highest), Number.MIN_VALUE);
  const x = (value) => LEFT + (value / highest) * (WIDTH - LEFT - RIGHT);
  const height = 70 + bars.length * ROW + notes.length * 18;
  const below = 62 + bars.length * ROW;
  const drawn = [
    ...bars.map((bar, i) => drawBar(bar, 50 + i * ROW, x)),
    ...notes.map((note, i) => label(14, below + i * 18, note)),
  ];
  const style =
    "text{font:13px system-ui,sans-serif;fill:#24292f}@media(prefers-color-scheme:dark){text{fill:#e6edf3}.whisker{stroke:#e6edf3}}";
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escape(title)}">
<style>.whisker{stroke:#24292f;stroke-width:1.5}${style}</style>
${label(14, 26, title)}
${drawn.join("\n")}
</svg>
`;
}

function drawBar(bar, y, x) {
  const colour = COLOURS[bar.contender.split(/[ +]/)[0]] ?? "#555";
  const middle = y + 9;
  return [
    label(14, y + 14, bar.label),
    `<rect x="${LEFT}" y="${y}" width="${(x(bar.value) - LEFT).toFixed(1)}" height="18" fill="${colour}"/>`,
    `<line class="whisker" x1="${x(bar.lowest).toFixed(1)}" x2="${x(bar.highest).toFixed(1)}" y1="${middle}" y2="${middle}"/>`,
    label(x(bar.highest) + 8, y + 14, Math.round(bar.value).toLocaleString("en-US")),
  ].join("");
}

const ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escape = (text) => text.replaceAll(/[&<>"]/g, (found) => ESCAPES[found]);
const label = (x, y, text) => `<text x="${Math.round(x)}" y="${y}">${escape(text)}</text>`;
