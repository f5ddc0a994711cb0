import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["holdfast-source", "node"] },
  ssr: { resolve: { conditions: ["holdfast-source", "node"] } },
  test: {
    include: ["{verify,client,gateway}/test/**/*.test.ts", "test/**/*.test.ts"],
    globalSetup: ["./test/setup/build.ts", "./test/setup/postgres.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
});
