import { join } from "node:path";
import tailwind from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// Built into the published package: whoever installs holdfast installs none of what stands here.
export default defineConfig({
  root: import.meta.dirname,
  base: "/",
  plugins: [react(), tailwind()],
  resolve: {
    conditions: ["holdfast-source", "module", "browser", "import"],
    // What Radix uses to write style elements, which the policy refuses.
    alias: { "react-style-singleton": join(import.meta.dirname, "src/shell/adopted-style.ts") },
  },
  // Sizes are for who works on them: `npx vite build dashboard --logLevel info`.
  logLevel: "warn",
  build: {
    rolldownOptions: {
      // The client package's other half runs on a server; what the dashboard imports of it needs none of these modules.
      onLog: (level, log, write) => (/externalized for browser/.test(log.message) ? undefined : write(level, log)),
    },
    outDir: "../gateway/dist/dashboard",
    emptyOutDir: true,
    target: "es2022",
    // Under the content security policy nothing may be loaded from a data: URL but images.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  // For work on the dashboard: `npm run dev -w dashboard` beside a gateway on its usual admin port.
  server: { proxy: { "/api": "http://127.0.0.1:4401" } },
});
