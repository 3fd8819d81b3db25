// How the console is built: static files under dist/, everything from our own origin.
import { defineConfig } from "vitest/config";

export default defineConfig({
  base: "./",
  build: {
    target: "es2022",
    sourcemap: false,
    // MapLibre alone is larger than Vite's default warning; it is one lazily cached file.
    chunkSizeWarningLimit: 1500,
    assetsInlineLimit: 0,
  },
  worker: { format: "es" },
  test: { include: ["test/**/*.test.ts"] },
});
