// A disk of the run's own, which can be filled and whose power can be cut: an ext4 file system in a file, mounted by loop.
// Needs root, and programs that every Debian has (mount, mkfs.ext4, perl).
import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const SIZE_MB = 768;
const UNMOUNT_TRIES_MAX = 100;
/** EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH (fs/ext4/ext4.h): from now on nothing reaches the disk, the log neither. */
const SHUT_DOWN = 'open(my $d, "<", $ARGV[0]) or die $!; my $f = pack("L", 2); ioctl($d, 0x8004587D, $f) or die $!;';
const BLOCK = Buffer.alloc(4_096, 1);

/**
 * @param {string} folder where the file and the mount's place are made
 * @returns {{ ok: true, path: string, fill: () => void, free: () => void, cutPower: () => void, restorePower: () => Promise<void>,
 *   close: () => Promise<void> } | { ok: false, why: string }} `fill` leaves no block free; after `cutPower` what was not
 *   synced is gone, and every use fails until whoever has files open is dead and `restorePower` mounts it again
 */
export function openDisk(folder) {
  if (process.getuid?.() !== 0) return { ok: false, why: "mounting a disk of its own needs root" };
  const [image, path] = [join(folder, "disk.ext4"), join(folder, "disk")];
  try {
    mkdirSync(path);
    run("truncate", "-s", `${SIZE_MB}M`, image);
    run("mkfs.ext4", "-q", "-F", "-m", "0", image);
    run("mount", "-o", "loop", image, path);
  } catch (error) {
    rmSync(image, { force: true });
    return { ok: false, why: `no ext4 can be mounted by loop here: ${lastLine(error)}` };
  }
  const ballast = join(path, "ballast");
  return {
    ok: true,
    path,
    fill: () => fill(path, ballast),
    free: () => {
      rmSync(ballast, { force: true });
      // A power cut soon after would bring it back.
      run("sync", "-f", path);
    },
    cutPower: () => run("perl", "-e", SHUT_DOWN, path),
    restorePower: async () => {
      await unmount(path);
      run("mount", "-o", "loop", image, path);
    },
    close: async () => {
      await unmount(path);
      rmSync(image, { force: true });
    },
  };
}

function fill(path, ballast) {
  const { bavail, bsize } = statfsSync(path);
  run("fallocate", "-l", `${Math.max(1, bavail * bsize - 1_048_576)}`, ballast);
  const file = openSync(ballast, "a");
  try {
    for (;;) writeSync(file, BLOCK);
  } catch (error) {
    if (error.code !== "ENOSPC") throw error;
  } finally {
    closeSync(file);
  }
}

// A process that was killed lets go of its files a moment later.
async function unmount(path) {
  for (let tries = 1; ; tries++) {
    try {
      return run("umount", path);
    } catch (error) {
      if (/not mounted|no mount point/.test(lastLine(error))) return undefined;
      if (tries >= UNMOUNT_TRIES_MAX) throw error;
      await pause(100);
    }
  }
}

function run(program, ...args) {
  execFileSync(program, args, { stdio: ["ignore", "ignore", "pipe"], encoding: "utf8" });
}

const lastLine = (error) => `${error.stderr || error.message}`.trim().split("\n").at(-1);
