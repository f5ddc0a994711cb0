import { readdir, readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { findUnknownVariables, OTHER_VARIABLES } from "../../src/config/find-unknown-variables.ts";
import type { Setting } from "../../src/config/setting.ts";
import { SETTING_PATHS, SETTINGS } from "../../src/config/settings.ts";
import { CONNECTOR_FIELDS } from "../../src/domain/connector-definition.ts";
import { DESTINATION_FIELD_NAMES } from "../../src/domain/destination-definition.ts";
import { RECONCILIATION_FIELD_NAMES } from "../../src/domain/reconciliation-definition.ts";
import { ROUTE_FIELD_NAMES } from "../../src/domain/route-definition.ts";
import { SOURCE_FIELD_NAMES } from "../../src/domain/source-definition.ts";

const page = await readFile(new URL("../../../docs/configuration.md", import.meta.url), "utf8");

function section(title: string): string {
  const [, after = ""] = page.split(`\n## ${title}\n`);
  return after.split("\n## ")[0] ?? "";
}

function keysOf(title: string): string[] {
  return [...section(title).matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1]!);
}

const code = (text: string) => `\`${text}\``;

function rowOf(path: string, { variable, secret, flag, fallback, range, meaning }: Setting<unknown>): string {
  const variables = variable === null ? [] : secret ? [variable, `${variable}_FILE`] : [variable];
  const shown = Array.isArray(fallback) ? fallback.join(",") : String(fallback ?? "");
  const cells = [
    code(path),
    variables.map(code).join(", "),
    flag === null ? "" : code(`--${flag}`),
    shown === "" ? "none" : code(shown),
    range,
    meaning,
  ];
  return `| ${cells.join(" | ")} |`;
}

it("describes every setting with its variable, flag, default and range, and no other", () => {
  const rows = section("Settings")
    .split("\n")
    .filter((line) => line.startsWith("| `"));
  expect(rows).toEqual(SETTING_PATHS.map((path) => rowOf(path, SETTINGS[path])));
});

it("names every variable that is read outside of the settings", () => {
  for (const variable of OTHER_VARIABLES) expect(page).toContain(code(variable));
});

it("takes no variable that the program reads for a misspelt one", async () => {
  const files = await readdir(new URL("../../src/", import.meta.url), { recursive: true });
  const texts = await Promise.all(
    files
      .filter((name) => name.endsWith(".ts"))
      .map((name) => readFile(new URL(`../../src/${name}`, import.meta.url), "utf8")),
  );
  const named = texts.flatMap((text) => [...text.matchAll(/"(HOLDFAST_[A-Z_]+)"/g)].map((match) => match[1]!));
  expect(new Set(named).size).toBeGreaterThan(OTHER_VARIABLES.length);
  expect(findUnknownVariables(Object.fromEntries(named.map((name) => [name, "x"])))).toEqual([]);
});

it("describes every field of reconciliations and of each kind of connector, and no other", () => {
  const kinds = Object.keys(CONNECTOR_FIELDS);
  expect(
    keysOf("Reconciliations")
      .filter((key) => !kinds.includes(key))
      .toSorted(),
  ).toEqual([...RECONCILIATION_FIELD_NAMES].toSorted());
  const described = Object.fromEntries(kinds.map((kind): [string, string[]] => [kind, []]));
  for (const line of section("Reconciliations").split("\n")) {
    const [, first = "", second = ""] = line.split("|");
    const named = [...first.matchAll(/`([a-z]+)`/g)].map((match) => match[1]!).filter((kind) => kinds.includes(kind));
    for (const kind of named) described[kind]!.push(...[...second.matchAll(/`([^`]+)`/g)].map((match) => match[1]!));
  }
  for (const [kind, fields] of Object.entries(CONNECTOR_FIELDS))
    expect([kind, described[kind]!.toSorted()]).toEqual([kind, [...fields].toSorted()]);
});

it("describes every field of sources, destinations and routes, and no other", () => {
  expect(keysOf("Sources").toSorted()).toEqual([...SOURCE_FIELD_NAMES].toSorted());
  expect(keysOf("Destinations").toSorted()).toEqual([...DESTINATION_FIELD_NAMES].toSorted());
  expect(keysOf("Routes").toSorted()).toEqual([...ROUTE_FIELD_NAMES].toSorted());
});
