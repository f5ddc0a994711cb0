import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["holdfast-source", "node"] },
  ssr: { resolve: { conditions: ["holdfast-source", "node"] } },
  test: {
    include: ["{verify,client,gateway,dashboard}/test/**/*.test.ts", "test/**/*.test.ts"],
    globalSetup: ["./test/setup/build.ts", "./test/setup/postgres.ts", "./test/setup/browser.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
});
