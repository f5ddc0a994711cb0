import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/**
 * Tests that start real processes run the compiled gateway, so it has to be the one of this tree. A type error is printed
 * and does not stop the run: `npm test` has refused it before, and a single file can be tested while another is in pieces.
 */
export default function build(): void {
  const tsc = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));
  spawnSync(process.execPath, [tsc, "-b"], { cwd: fileURLToPath(new URL("../..", import.meta.url)), stdio: "inherit" });
}
