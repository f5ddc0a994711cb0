import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["holdfast-source", "node", "import", "module", "default"] },
  ssr: { resolve: { conditions: ["holdfast-source", "node", "import", "module", "default"] } },
  test: {
    include: ["{verify,client,gateway}/test/**/*.test.ts", "test/**/*.test.ts"],
    globalSetup: ["./test/setup/build.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
});
