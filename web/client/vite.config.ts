import { defineConfig } from "vitest/config";

/** The server serves `web/static` under `/static/`, and `index.html` of it at every page's address. */
export default defineConfig({
  base: "/static/",
  build: {
    outDir: "../static",
    emptyOutDir: true,
    target: "es2022",
    cssTarget: ["chrome123", "firefox120", "safari17.5"], // these know light-dark(): kept as written
    assetsInlineLimit: 0, // the policy for scripts and styles names 'self' only: nothing as data:
    modulePreload: { polyfill: false },
    sourcemap: true,
  },
  worker: { format: "es" },
  // They run beside all else: what hangs is found, what waits for its turn is not blamed.
  test: { include: ["tests/**/*.test.ts"], testTimeout: 120_000, hookTimeout: 120_000 },
});
