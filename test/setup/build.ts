import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Tests that start real processes run the compiled gateway, so it has to be the one of this tree. */
export default function build(): void {
  const tsc = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));
  execFileSync(process.execPath, [tsc, "-b"], { cwd: fileURLToPath(new URL("../..", import.meta.url)), stdio: "inherit" });
}
