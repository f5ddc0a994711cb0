import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["holdfast-source", "node"] },
  ssr: { resolve: { conditions: ["holdfast-source", "node"] } },
  test: {
    include: ["{verify,client,gateway,dashboard}/test/**/*.test.ts", "test/**/*.test.ts"],
    globalSetup: ["./test/setup/build.ts", "./test/setup/postgres.ts", "./test/setup/browser.ts"],
    // No test asserts a duration: these only end what hangs, also on a machine that is busy with other things.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    maxWorkers: 2,
  },
});
