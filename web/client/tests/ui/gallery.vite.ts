import { defineConfig } from "vite";

const here = new URL(".", import.meta.url).pathname;

/** The gallery: every screen in every state, for looking at and for axe. Never shipped. */
export default defineConfig({
  root: here,
  base: "/static/",
  build: {
    outDir: "../../node_modules/.gallery",
    emptyOutDir: true,
    target: "es2022",
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: `${here}gallery.html` },
  },
});
