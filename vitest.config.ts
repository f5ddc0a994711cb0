import { defineConfig } from "vitest/config";
import { LongestFirst } from "./test/setup/longest-first.ts";

const conditions = ["holdfast-source", "node"];
const shared = { resolve: { conditions }, ssr: { resolve: { conditions } } };
const test = {
  // No test asserts a duration: these only end what hangs, also on a machine that is busy with other things.
  testTimeout: 180_000,
  hookTimeout: 180_000,
  expect: { poll: { timeout: 60_000 } },
};

/** Tests of pure functions: a worker loads the modules once and not for each file again, where two thirds of their time went. */
const PURE = ["{verify,client}/test/**/*.test.ts", "gateway/test/domain/**/*.test.ts"];

export default defineConfig({
  ...shared,
  test: {
    globalSetup: ["./test/setup/build.ts", "./test/setup/postgres.ts", "./test/setup/browser.ts"],
    // Half of its time a file waits: for a lease, a poll, a process that starts or ends.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    projects: [
      { ...shared, test: { ...test, name: "pure", include: PURE, isolate: false } },
      {
        ...shared,
        test: {
          ...test,
          name: "whole",
          include: ["{gateway,dashboard}/test/**/*.test.ts", "test/**/*.test.ts"],
          exclude: PURE,
        },
      },
    ],
  },
});
