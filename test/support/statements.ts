import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { vi } from "vitest";
import type { Statement } from "../../gateway/src/store/statement.ts";

const STORE = fileURLToPath(new URL("../../gateway/src/store/", import.meta.url));

const made: Statement[] = vi.hoisted(() => []);

// Statements that a module keeps to itself count as well, so every call of the two makers is written down. They stay real.
vi.mock("../../gateway/src/store/statement.ts", async (original) => {
  const real = await original<typeof import("../../gateway/src/store/statement.ts")>();
  const record = (make: typeof real.hot) => (name: string, text: string) => {
    const statement = make(name, text);
    made.push(statement);
    return statement;
  };
  return { ...real, hot: record(real.hot), cold: record(real.cold) };
});

/** Every statement that the store makes when its modules are loaded, exported or not, in order of name. */
export async function collectStatements(): Promise<Statement[]> {
  const files = readdirSync(STORE, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  for (const file of files) await import(join(STORE, file));
  return made.toSorted((a, b) => a.name.localeCompare(b.name));
}
