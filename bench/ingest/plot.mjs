// The report as a small SVG: one bar a line of the table, with a whisker from its slowest to its fastest round.

const WIDTH = 720;
const ROW = 30;
const LEFT = 200;
const RIGHT = 90;
const COLOURS = { floor: "#8a8f98", holdfast: "#1f7a5c", recipe: "#b5651d" };

/** @param {any} report as run-ingest makes it @returns {string} */
export function drawPlot(report) {
  const highest = Math.max(...report.lines.map((line) => line.highest));
  const x = (rate) => LEFT + (rate / highest) * (WIDTH - LEFT - RIGHT);
  const height = 70 + report.lines.length * ROW + report.ratios.length * 18;
  const bars = report.lines.map((line, i) => drawBar(line, 50 + i * ROW, x));
  const below = 62 + report.lines.length * ROW;
  const ratios = report.ratios.map((ratio, i) =>
    label(
      14,
      below + i * 18,
      `${ratio.of} / ${ratio.to} at ${ratio.connections} connections: ${ratio.median.toFixed(2)}`,
    ),
  );
  const style =
    "text{font:13px system-ui,sans-serif;fill:#24292f}@media(prefers-color-scheme:dark){text{fill:#e6edf3}.whisker{stroke:#e6edf3}}";
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Requests a second by contender">
<style>${style}.whisker{stroke:#24292f;stroke-width:1.5}</style>
${label(14, 26, `Requests a second to the answer, ${report.at.slice(0, 10)}, ${report.machine.cores} cores`)}
${[...bars, ...ratios].join("\n")}
</svg>
`;
}

function drawBar(line, y, x) {
  const colour = COLOURS[line.contender.split(/[ +]/)[0]] ?? "#555";
  const middle = y + 9;
  return [
    label(14, y + 14, `${line.contender}, ${line.connections}`),
    `<rect x="${LEFT}" y="${y}" width="${(x(line.ratePerSec) - LEFT).toFixed(1)}" height="18" fill="${colour}"/>`,
    `<line class="whisker" x1="${x(line.lowest).toFixed(1)}" x2="${x(line.highest).toFixed(1)}" y1="${middle}" y2="${middle}"/>`,
    label(x(line.highest) + 8, y + 14, Math.round(line.ratePerSec).toLocaleString("en-US")),
  ].join("");
}

const ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };
const label = (x, y, text) =>
  `<text x="${Math.round(x)}" y="${y}">${text.replaceAll(/[&<>]/g, (found) => ESCAPES[found])}</text>`;
