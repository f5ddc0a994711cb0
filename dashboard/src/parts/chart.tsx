import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useTheme } from "../shell/theme.ts";
import { useZone } from "./zone.tsx";

/** One line of a chart; `color` names a variable of the theme, such as `--accent`. */
export interface Series {
  readonly word: string;
  readonly color: string;
  readonly values: readonly (number | null)[];
}

/**
 * A small chart of lines over time. The same numbers stand in a table for those who do not see it; dragging over it tells
 * the span that was chosen.
 */
export function Chart({
  title,
  times,
  series,
  unit = "",
  height = 132,
  onSpan,
}: {
  title: string;
  /** Unix seconds. */
  times: readonly number[];
  series: readonly Series[];
  unit?: string;
  height?: number;
  onSpan?: (from: Date, to: Date) => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  const { dark } = useTheme();
  const { zone } = useZone();
  useEffect(() => {
    const holder = box.current;
    if (holder === null || times.length === 0) return undefined;
    const plot = draw(holder, { times, series, unit, height, isUtc: zone === "utc", onSpan });
    const watch = new ResizeObserver(() => plot.setSize({ width: holder.clientWidth, height }));
    watch.observe(holder);
    return () => {
      watch.disconnect();
      plot.destroy();
    };
    // The colours are read when it is drawn, so another theme is another drawing.
  }, [times, series, height, unit, onSpan, dark, zone]);
  return (
    <figure className="min-w-0">
      <figcaption className="mb-1 flex flex-wrap items-center gap-x-4 text-xs text-faint">
        <span className="font-medium text-soft">{title}</span>
        {series.map((line) => (
          <span key={line.word} className="inline-flex items-center gap-1.5">
            <Swatch color={line.color} />
            {line.word}{" "}
            <strong className="font-medium text-ink">
              {lastOf(line.values)}
              {unit}
            </strong>
          </span>
        ))}
      </figcaption>
      <div ref={box} aria-hidden />
    </figure>
  );
}

/** The axis of time by the 24-hour clock: what a step of so many seconds is written as, with the day where a new one begins. */
const CLOCK: uPlot.Axis.Values = [
  [86_400, "{D} {MMM}", null, null, null, null, null, null, 1],
  [60, "{HH}:{mm}", "\n{D} {MMM}", null, null, null, null, null, 1],
  [1, "{HH}:{mm}:{ss}", "\n{D} {MMM}", null, null, null, null, null, 1],
];

interface Drawing {
  readonly times: readonly number[];
  readonly series: readonly Series[];
  readonly unit: string;
  readonly height: number;
  readonly isUtc: boolean;
  readonly onSpan: ((from: Date, to: Date) => void) | undefined;
}

function draw(holder: HTMLDivElement, { times, series, unit, height, isUtc, onSpan }: Drawing): uPlot {
  const style = getComputedStyle(document.documentElement);
  const color = (name: string): string => style.getPropertyValue(name).trim();
  const axis = { stroke: color("--ink-faint"), grid: { stroke: color("--line"), width: 1 }, ticks: { show: false } };
  const tellSpan = (self: uPlot): void => {
    if (onSpan === undefined || self.select.width < 4) return;
    const at = (px: number): Date => new Date(self.posToVal(px, "x") * 1_000);
    onSpan(at(self.select.left), at(self.select.left + self.select.width));
  };
  const options: uPlot.Options = {
    width: holder.clientWidth,
    height,
    ...(isUtc ? { tzDate: (ts: number) => uPlot.tzDate(new Date(ts * 1_000), "UTC") } : {}),
    cursor: { drag: { x: onSpan !== undefined, y: false, setScale: false } },
    legend: { show: false },
    axes: [
      { ...axis, values: CLOCK, size: 36 },
      { ...axis, size: 46 + 6 * unit.length, values: (_, ticks) => ticks.map((tick) => `${tick}${unit}`) },
    ],
    scales: { y: { range: (_, __, max) => [0, Math.max(1, max * 1.15)] } },
    series: [
      {},
      ...series.map((line) => ({
        label: line.word,
        stroke: color(line.color),
        width: 1.6,
        points: { show: isSparse(line.values), size: 5 },
      })),
    ],
    hooks: { setSelect: [tellSpan] },
  };
  return new uPlot(options, [[...times], ...series.map((line) => [...line.values])], holder);
}

// A line needs two neighbours; a few lone values would not be seen at all.
function isSparse(values: readonly (number | null)[]): boolean {
  return values.filter((value) => value !== null).length < 12;
}

function Swatch({ color }: { color: string }) {
  return (
    <svg width="10" height="3" aria-hidden>
      <rect width="10" height="3" rx="1.5" fill={`var(${color})`} />
    </svg>
  );
}

function lastOf(values: readonly (number | null)[]): string {
  const last = values.findLast((value) => value !== null);
  return last === undefined || last === null ? "–" : (Math.round(last * 10) / 10).toLocaleString("en-US");
}
