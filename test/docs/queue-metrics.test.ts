import { describe, expect, it } from "vitest";
import { REFUSAL_CAUSES } from "../../gateway/src/domain/admission.ts";
import { beginSource, createMetrics } from "../../gateway/src/platform/metrics.ts";
import { readPage } from "../support/markdown.ts";

const pages = {
  dashboard: readPage("docs/operate/grafana.json"),
  alerts: readPage("docs/operate/alerts.yml"),
  page: readPage("docs/operate/queue.md"),
};

/** Every metric that a process shows, by the names that Prometheus asks for. */
async function shownNames(): Promise<Set<string>> {
  const metrics = await createMetrics("0.0.0-test").registry.getMetricsAsJSON();
  return new Set(
    metrics.flatMap(({ name, type }) =>
      String(type) === "histogram" ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    ),
  );
}

function namedIn(text: string): string[] {
  return [...new Set(text.match(/\bholdfast_[a-z_]+/g) ?? [])];
}

// What tells how the queue stands. Others tell of upkeep, of keys, of single providers.
const QUEUE =
  /^holdfast_(queue|record|claim|settle|delivery|deliveries|leases|duplicates|breaker|destination_gate|saturation|throttle|ingest_(ack|requests|refused))/;

describe("the dashboard, the alerts and the page about the queue", () => {
  it.each(Object.entries(pages))("%s: names only metrics that there are", async (_name, text) => {
    const shown = await shownNames();
    const named = namedIn(text);
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !shown.has(name))).toEqual([]);
  });

  it.each(["dashboard", "page"] as const)("%s: shows every metric of the queue", async (where) => {
    const named = namedIn(pages[where]).map((name) => name.replace(/_(bucket|sum|count)$/, ""));
    const metrics = await createMetrics("0.0.0-test").registry.getMetricsAsJSON();
    const missing = metrics.map(({ name }) => name).filter((name) => QUEUE.test(name) && !named.includes(name));
    expect(missing).toEqual([]);
  });

  it("has a row about each alert on the page, as the rules' first line says", () => {
    const alerts = [...pages.alerts.matchAll(/- alert: (\w+)/g)].map(([, name]) => name!);
    expect(alerts.length).toBeGreaterThan(8);
    const rows = pages.page.split("## What the alerts mean")[1]!.match(/^\| `.+$/gm)!;
    const named = rows.flatMap((row) => row.split(" | ")[0]!.match(/(?<=`)\w+(?=`)/g) ?? []);
    expect(named.toSorted()).toEqual(alerts.toSorted());
  });

  it("is a dashboard whose panels all have a title, a place and a query", () => {
    const { panels } = JSON.parse(pages.dashboard) as {
      panels: { id: number; title: string; gridPos: object; targets: { expr: string }[] }[];
    };
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(panels.filter(({ title, targets }) => title === "" || targets.length === 0)).toEqual([]);
    const unbalanced = panels.flatMap(({ targets }) => targets).filter(({ expr }) => !isBalanced(expr));
    expect(unbalanced).toEqual([]);
  });
});

/** Every expression that Prometheus is asked to work out, of the alerts and of the dashboard's panels. */
const expressions = [
  ...pages.alerts.matchAll(/^ {8}expr: (.+)$/gm),
  ...pages.dashboard.matchAll(/^ *"expr": "(.+)",?$/gm),
].map((match) => match[1]!.replaceAll(String.raw`\"`, '"'));

describe("an expression of the alerts or the dashboard", () => {
  it("joins only what carries the same labels: Prometheus answers nothing where they differ", () => {
    expect(expressions.length).toBeGreaterThan(40);
    const joined = expressions.filter((text) => JOINS.test(text));
    expect(joined.length).toBeGreaterThan(2);
    expect(joined.filter((text) => !isJoinable(text))).toEqual([]);
  });

  it("takes rates of what only grows, slopes of what also falls, and quantiles over whole buckets", async () => {
    const metrics = await createMetrics("0.0.0-test").registry.getMetricsAsJSON();
    const gauges = new Set(metrics.filter(({ type }) => String(type) === "gauge").map(({ name }) => name));
    const slopes = expressions.flatMap((text) => [
      ...text.matchAll(/\b(rate|irate|increase|deriv|delta)\((holdfast_[a-z_]+)/g),
    ]);
    expect(slopes.length).toBeGreaterThan(20);
    const isWrong = ([, name, metric]: RegExpExecArray): boolean =>
      ["deriv", "delta"].includes(name!) !== gauges.has(metric!);
    expect(slopes.filter(isWrong).map(([text]) => text)).toEqual([]);
    // A quantile is guessed between two edges: a threshold that is none of them is crossed by guesses.
    const ofQuantiles = expressions
      .map((text) => /\b(holdfast_\w+)_bucket\[.+ > (\d+)$/.exec(text))
      .filter((found) => found !== null);
    expect(ofQuantiles.length).toBeGreaterThan(0);
    for (const [, name, threshold] of ofQuantiles) {
      const { values } = metrics.find((metric) => metric.name === name)!;
      expect([name, values.map(({ labels }) => (labels as { le?: unknown }).le)]).toEqual([
        name,
        expect.arrayContaining([Number(threshold)]),
      ]);
    }
    const quantiles = expressions.filter((text) => text.includes("histogram_quantile("));
    expect(quantiles.filter((text) => !/sum by \(le\) \(rate\(holdfast_[a-z_]+_bucket\[/.test(text))).toEqual([]);
  });
});

describe("an alert about what is counted", () => {
  // Prometheus sees a counter grow only between two values: the first failure of a series that is born with it is none.
  it("finds each of its series at 0 before anything has happened", async () => {
    const begun = createMetrics("0.0.0-test");
    // As whoever takes in does with each source that it comes to know.
    beginSource(begun, "payments");
    const metrics = await begun.registry.getMetricsAsJSON();
    const counted = [
      ...pages.alerts.matchAll(/\b(?:rate|increase)\((?<name>holdfast_[a-z_]+_total)(?:\{(?<labels>.+?)\})?\[/g),
    ];
    expect(counted.map(({ groups }) => groups!["name"]).toSorted()).toEqual([
      "holdfast_ingest_refused_total",
      "holdfast_ingest_refused_total",
      "holdfast_ingest_requests_total",
      "holdfast_leases_lost_total",
      "holdfast_replays_ended_total",
    ]);
    const bornLate = counted.filter(({ groups }) => {
      const labels = [...(groups!["labels"] ?? "").matchAll(/(\w+)="(\w+)"/g)];
      const { values } = metrics.find(({ name }) => name === groups!["name"])!;
      return !values.some((series) => labels.every(([, label, value]) => series.labels[label!] === value));
    });
    expect(bornLate.map(({ groups }) => groups!["name"])).toEqual([]);
    const refused = metrics.find(({ name }) => name === "holdfast_ingest_refused_total")!.values;
    const causes = refused.flatMap(({ labels, value }) =>
      labels["priority"] === "critical" && value === 0 ? [labels["cause"]] : [],
    );
    expect(causes).toEqual([...REFUSAL_CAUSES]);
  });
});

const JOINS = / (?:and|or|unless|[-+*/%^]) /;

/** A condition that holds for every series, whatever its labels: it may have none itself. */
const CONDITION = / and on \(\) \((.+)\)$/;

function isJoinable(text: string): boolean {
  const condition = CONDITION.exec(text);
  if (condition !== null && labelsOf(condition[1]!) !== "") return false;
  const sides = text.replace(CONDITION, "").split(JOINS).map(labelsOf);
  return new Set(sides).size === 1;
}

/** The labels that one side of a join still has, as they are written; each series has its own where nothing puts them together. */
function labelsOf(side: string): string {
  if (/^absent\(\w+\)/.test(side)) return "";
  const aggregated = /^(?:max|min|sum|avg|count)(?: by \((?<labels>[^)]*)\) ?)?\(/.exec(side);
  return aggregated === null ? "its own" : (aggregated.groups?.["labels"] ?? "");
}

function isBalanced(text: string): boolean {
  const count = (mark: string): number => text.split(mark).length;
  return count("(") === count(")") && count("[") === count("]") && count("{") === count("}");
}
