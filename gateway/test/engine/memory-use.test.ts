import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { readBytesLeft, readMemoryPercent } from "../../src/engine/memory-use.ts";
import { testFolder } from "../support/folder.ts";

const MIB = 1_048_576;
const GIB = 1_024 * MIB;

/** A machine of which half is free, a third is full of files' pages, and the rest is taken. */
const MEMINFO = `MemTotal:       25165824 kB
MemFree:         4194304 kB
MemAvailable:   20971520 kB
Cached:         16777216 kB
SwapCached:            0 kB
SwapTotal:       2097152 kB
SwapFree:        1048576 kB
`;

/** A folder with such files in its /proc and /sys. */
function machine(files: Readonly<Record<string, string>>): string {
  const root = testFolder();
  for (const [path, text] of Object.entries({ "proc/meminfo": MEMINFO, ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const group2 = (path: string, limit: string, used: number): Readonly<Record<string, string>> => ({
  [`sys/fs/cgroup${path}/memory.max`]: `${limit}\n`,
  [`sys/fs/cgroup${path}/memory.current`]: `${used}\n`,
  [`sys/fs/cgroup${path}/memory.stat`]: `anon ${used - 300 * MIB}
file ${400 * MIB}
shmem ${150 * MIB}
inactive_anon ${150 * MIB}
active_anon 4096
inactive_file ${150 * MIB}
active_file ${100 * MIB}
slab_reclaimable ${50 * MIB}
slab_unreclaimable 8192
workingset_refault_file 99999999999
`,
});

describe("what is left of the memory", () => {
  it("is what the machine has available and what its swap has room for, whatever its files' cache takes", async () => {
    expect(await readBytesLeft(machine({}))).toBe(21 * GIB);
  });

  it("is bounded by the container's limit, of which its files' cache takes nothing and its shared memory does", async () => {
    const files = { "proc/self/cgroup": "0::/\n", ...group2("", String(GIB), 900 * MIB) };
    expect(await readBytesLeft(machine(files))).toBe((1_024 - 600) * MIB);
  });

  it("is bounded by the nearest limit of all groups around it", async () => {
    const files = {
      "proc/self/cgroup": "0::/system.slice/holdfast.service\n",
      ...group2("/system.slice/holdfast.service", "max", 700 * MIB),
      ...group2("/system.slice", String(2 * GIB), 2_000 * MIB),
    };
    expect(await readBytesLeft(machine(files))).toBe((2_048 - 1_700) * MIB);
  });

  it("is bounded by a limit of the first version, where the path that the process is told is the host's", async () => {
    const files = {
      "proc/self/cgroup": "5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n1:name=systemd:/docker/abc\n0::/\n",
      "sys/fs/cgroup/memory/memory.limit_in_bytes": `${GIB}\n`,
      "sys/fs/cgroup/memory/memory.usage_in_bytes": `${GIB}\n`,
      "sys/fs/cgroup/memory/memory.stat": `cache ${700 * MIB}
inactive_file 4096
active_file 4096
total_inactive_file ${200 * MIB}
total_active_file ${300 * MIB}
`,
    };
    expect(await readBytesLeft(machine(files))).toBe(500 * MIB);
  });

  it("is the machine's where there is no limit, as either version says it", async () => {
    const first = {
      "proc/self/cgroup": "4:memory:/\n",
      "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
      "sys/fs/cgroup/memory/memory.usage_in_bytes": `${30 * GIB}\n`,
    };
    expect(await readBytesLeft(machine(first))).toBe(21 * GIB);
    const second = { "proc/self/cgroup": "0::/\n", ...group2("", "max", 30 * GIB) };
    expect(await readBytesLeft(machine(second))).toBe(21 * GIB);
  });

  it("is nothing where a group is over its limit, and not known where nothing tells of it", async () => {
    const over = { "proc/self/cgroup": "0::/\n", ...group2("", String(GIB), 2 * GIB) };
    expect(await readBytesLeft(machine(over))).toBe(0);
    expect(await readBytesLeft(testFolder())).toBeNull();
  });
});

describe("how much of the memory is taken", () => {
  it("is all of it once nothing is left, whoever has it", async () => {
    const full = machine({ "proc/self/cgroup": "0::/\n", ...group2("", String(GIB), GIB + 300 * MIB) });
    expect(await readMemoryPercent(1, full)).toBe(100);
  });

  it("is little on a machine that others fill, as long as they leave several times what is ours", async () => {
    const available = 5 * process.memoryUsage.rss();
    const left = Math.round(available / 1_024);
    const crowded = machine({
      "proc/meminfo": `MemTotal: ${200 * left} kB\nMemAvailable: ${left} kB\nSwapFree: 0 kB\n`,
    });
    expect(await readMemoryPercent(1, crowded)).toBeLessThan(50);
  });

  it("counts what those take that were started with it", async () => {
    const available = Math.round((5 * process.memoryUsage.rss()) / 1_024);
    const shared = machine({ "proc/meminfo": `MemTotal: ${available} kB\nMemAvailable: ${available} kB\n` });
    expect(await readMemoryPercent(64, shared)).toBeGreaterThan(75);
  });

  it("counts of a process what is its own, and not the program that it shares with the others", async () => {
    const own = {
      "proc/self/status": "VmRSS:\t 999000 kB\nRssAnon:\t  60000 kB\nRssFile:\t 899000 kB\nRssShmem:\t  40000 kB\n",
    };
    const shared = machine({ "proc/meminfo": "MemAvailable: 1000000 kB\n", ...own });
    expect(await readMemoryPercent(30, shared)).toBeCloseTo(75, 5);
  });

  it("is known on a machine that tells nothing of what it has left", async () => {
    const unknown = testFolder();
    expect(await readMemoryPercent(1, unknown)).toBeLessThan(75);
    expect(await readMemoryPercent(1_000_000, unknown)).toBe(100);
  });
});
