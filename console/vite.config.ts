// How the console is built: static files under dist/, everything from our own origin.
import { readFileSync } from "node:fs";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

// What we bundle asks for its licence to travel along.
const LICENCES = {
  "amcharts5-geodata.txt": "node_modules/@amcharts/amcharts5-geodata/LICENSE",
  "maplibre-gl.txt": "node_modules/maplibre-gl/LICENSE.txt",
};

function licences(): Plugin {
  return {
    name: "licences",
    generateBundle() {
      for (const [name, file] of Object.entries(LICENCES)) {
        const source = readFileSync(new URL(file, import.meta.url), "utf8");
        this.emitFile({ type: "asset", fileName: `licences/${name}`, source });
      }
    },
  };
}

export default defineConfig({
  base: "./",
  plugins: [licences()],
  build: {
    target: "es2022",
    // MapLibre alone is larger than Vite's default warning; browsers cache it for ever.
    chunkSizeWarningLimit: 1500,
    // Never data: addresses, which a strict content security policy would have to allow.
    assetsInlineLimit: 0,
  },
  worker: { format: "es" },
  test: { include: ["test/**/*.test.ts"] },
});
