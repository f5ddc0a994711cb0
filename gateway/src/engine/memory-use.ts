import { readFile } from "node:fs/promises";
import { totalmem } from "node:os";
import { dirname, join } from "node:path";
import { getHeapStatistics } from "node:v8";

/**
 * Percent of what the gateway may take: of V8's heap, or of what its processes here have and could still get, whichever is nearer.
 * What others have counts by what they leave: a machine that they fill is no overload of ours, until next to nothing is left.
 *
 * @param processes how many share a machine or container with this one, which is taken to be as large as each of them
 * @param root where /proc and /sys are
 */
export async function readMemoryPercent(processes: number, root = "/"): Promise<number> {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  const ours = processes * (await readOwnBytes(root));
  const left = (await readBytesLeft(root)) ?? Math.max(0, totalmem() - ours);
  return 100 * Math.max(used / limit, ours / (ours + left));
}

/** Without the pages of files, such as of the program itself: all processes share them, and they count as left. */
async function readOwnBytes(root: string): Promise<number> {
  const status = await readFile(join(root, "proc/self/status"), "utf8").catch(() => "");
  return 1_024 * sumOf(status, /^Rss(?:Anon|Shmem):\s+(\d+) kB$/gm) || process.memoryUsage.rss();
}

/**
 * How many bytes are left until Linux kills for memory: of what the machine has available, with its swap, and below the limit of
 * each control group (cgroup) that this process is in, its container's for one; whichever is nearest. Null where it cannot be told.
 *
 * What is cached of files is left: it goes before anybody is killed. So it is taken off here even where it was used of late,
 * which a working set as Kubernetes reckons it is not; the files of an embedded database are read all the time.
 */
export async function readBytesLeft(root: string): Promise<number | null> {
  const read: Read = (...path) => readFile(join(root, ...path), "utf8").catch(() => "");
  const machine = await read("proc/meminfo");
  if (!machine.includes("MemAvailable:")) return null;
  const available = 1_024 * sumOf(machine, /^(?:MemAvailable|SwapFree): +(\d+) kB$/gm);
  const groups = [...listGroups(await read("proc/self/cgroup"))];
  const room = await Promise.all(groups.map(([files, path]) => readRoom(read, files, path)));
  return Math.min(available, ...room);
}

type Read = (...path: readonly string[]) => Promise<string>;

/** How a version of control groups tells of memory: https://docs.kernel.org/admin-guide/cgroup-v2.html and …/cgroup-v1/memory.html. */
interface GroupFiles {
  readonly folder: string;
  readonly limit: string;
  readonly used: string;
  /** In memory.stat, with all groups below. */
  readonly cached: RegExp;
}

const V2: GroupFiles = {
  folder: "sys/fs/cgroup",
  limit: "memory.max",
  used: "memory.current",
  cached: /^(?:active_file|inactive_file|slab_reclaimable) (\d+)$/gm,
};
const V1: GroupFiles = {
  folder: "sys/fs/cgroup/memory",
  limit: "memory.limit_in_bytes",
  used: "memory.usage_in_bytes",
  cached: /^(?:total_active_file|total_inactive_file) (\d+)$/gm,
};

/** The groups of this process and those around them. In a container the path may be the host's, and only its end, `/`, is there. */
function* listGroups(memberships: string): Generator<readonly [GroupFiles, string]> {
  for (const [, controllers, own] of memberships.matchAll(/^\d+:([^:]*):(\/.*)$/gm)) {
    const isOfMemory = controllers!.split(",").includes("memory");
    if (controllers !== "" && !isOfMemory) continue;
    for (let path = own!; ; path = dirname(path)) {
      yield [isOfMemory ? V1 : V2, path];
      if (path === "/") break;
    }
  }
}

async function readRoom(read: Read, files: GroupFiles, path: string): Promise<number> {
  const limit = Number.parseInt(await read(files.folder, path, files.limit), 10);
  // `max`, a number that no machine has, or no such group.
  if (!Number.isSafeInteger(limit)) return Infinity;
  const used = Number.parseInt(await read(files.folder, path, files.used), 10);
  if (Number.isNaN(used)) return Infinity;
  const cached = sumOf(await read(files.folder, path, "memory.stat"), files.cached);
  return Math.max(0, limit - Math.max(0, used - cached));
}

function sumOf(text: string, lines: RegExp): number {
  return [...text.matchAll(lines)].reduce((sum, [, number]) => sum + Number(number), 0);
}
