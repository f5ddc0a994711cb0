// What the numbers were taken on, without naming the machine.
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from "node:fs";
import { arch, cpus, loadavg, platform, release, tmpdir, totalmem } from "node:os";
import { join } from "node:path";

const SYNCS = 200;

/** Processor, memory, versions, and what one small fdatasync costs on the disk that the databases are on. */
export function describeMachine() {
  const processors = cpus();
  return {
    processor: processors[0]?.model ?? "unknown",
    cores: processors.length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${arch()} ${release().split("-")[0]}`,
    node: process.version,
    loadAverage: loadavg().map((load) => Math.round(load * 100) / 100),
    fdatasyncMs: Math.round(measureSync() * 1000) / 1000,
  };
}

function measureSync() {
  const path = join(tmpdir(), `holdfast-sync-${process.pid}`);
  const file = openSync(path, "w");
  try {
    const page = Buffer.alloc(8_192);
    writeSync(file, page, 0, page.length, 0);
    fdatasyncSync(file);
    const began = performance.now();
    for (let i = 0; i < SYNCS; i++) {
      writeSync(file, page, 0, page.length, 0);
      fdatasyncSync(file);
    }
    return (performance.now() - began) / SYNCS;
  } finally {
    closeSync(file);
    rmSync(path, { force: true });
  }
}
