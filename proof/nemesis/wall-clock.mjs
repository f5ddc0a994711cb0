// The gateway's wall clock, put forward and back by libfaketime where that is installed. Timers that count what has passed
// go on as they are: it is the wall clock that jumps when an operator or a time server corrects it.
import { existsSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const LIBRARY = "faketime/libfaketimeMT.so.1";

/**
 * @param {string} folder where the file that the library reads is kept
 * @returns {{ ok: true, env: Record<string, string>, jumpTo: (offsetSec: number) => void } | { ok: false, why: string }}
 *   `env` is for the gateway; it sees a jump within a second
 */
export function openWallClock(folder) {
  const root = "/usr/lib";
  const places = existsSync(root) ? ["", ...readdirSync(root)].map((name) => join(root, name, LIBRARY)) : [];
  const library = places.find((place) => existsSync(place));
  if (library === undefined)
    return { ok: false, why: "libfaketime is not installed (Debian: apt-get install faketime)" };
  const file = join(folder, "wall-clock");
  const jumpTo = (offsetSec) => {
    // At once, or a reader could meet half of it.
    writeFileSync(`${file}.next`, `${offsetSec < 0 ? "" : "+"}${offsetSec}s\n`);
    renameSync(`${file}.next`, file);
  };
  jumpTo(0);
  const env = {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_CACHE_DURATION: "1",
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
    DONT_FAKE_MONOTONIC: "1",
  };
  return { ok: true, env, jumpTo };
}
