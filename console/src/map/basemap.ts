// The built-in base map: country and state outlines from a package, city names, nothing from afar.

import statesUrl from "@amcharts/amcharts5-geodata/json/india2023High.json?url";
import worldUrl from "@amcharts/amcharts5-geodata/json/worldIndiaUltra.json?url";
import type { StyleSpecification } from "maplibre-gl";
import type { Palette } from "../theme";
import { CITIES } from "./cities";

export const HOME_BOUNDS: [number, number, number, number] = [67.5, 6.5, 97.5, 37.2];
const ATTRIBUTION =
  'Boundaries: <a href="https://www.amcharts.com/" target="_blank" rel="noopener">amCharts</a>';
const INDIA = ["==", ["get", "id"], "IN"] as const;

export function builtInStyle(palette: Palette): StyleSpecification {
  return {
    version: 8,
    sources: {
      world: {
        type: "geojson",
        data: new URL(worldUrl, location.href).href,
        attribution: ATTRIBUTION,
        tolerance: 0.2,
      },
      states: { type: "geojson", data: new URL(statesUrl, location.href).href, tolerance: 0.2 },
      cities: { type: "geojson", data: cityFeatures() },
    },
    layers: [
      { id: "water", type: "background", paint: { "background-color": palette.water } },
      {
        id: "land",
        type: "fill",
        source: "world",
        paint: {
          "fill-color": ["case", INDIA as never, palette.home, palette.land],
          "fill-antialias": true,
        },
      },
      {
        id: "state-lines",
        type: "line",
        source: "states",
        paint: { "line-color": palette.stateLine, "line-width": ["interpolate", ["linear"], ["zoom"], 4, 0.5, 9, 1.2] },
      },
      {
        id: "borders",
        type: "line",
        source: "world",
        filter: ["!", INDIA as never],
        paint: { "line-color": palette.border, "line-width": 0.8 },
      },
      {
        id: "home-border",
        type: "line",
        source: "world",
        filter: INDIA as never,
        paint: { "line-color": palette.homeBorder, "line-width": ["interpolate", ["linear"], ["zoom"], 3, 0.8, 9, 1.6] },
      },
      cityLayer(palette),
    ],
  };
}

function cityLayer(palette: Palette): StyleSpecification["layers"][number] {
  return {
    id: "cities",
    type: "symbol",
    source: "cities",
    filter: ["<=", ["get", "rank"], ["step", ["zoom"], 1, 4, 2, 5, 3, 6.2, 4, 7.2, 5]],
    layout: {
      "text-field": ["get", "name"],
      // Without a glyphs address MapLibre draws text with the machine's own fonts.
      "text-font": ["system-ui", "sans-serif"],
      "text-size": ["interpolate", ["linear"], ["zoom"], 4, ["case", ["<=", ["get", "rank"], 2], 12, 11], 10, 15],
      "text-anchor": "top",
      "text-offset": [0, 0.35],
      "symbol-sort-key": ["get", "rank"],
      "text-padding": 6,
      "icon-optional": true,
    },
    paint: {
      "text-color": palette.label,
      "text-halo-color": palette.labelHalo,
      "text-halo-width": 1.4,
    },
  };
}

function cityFeatures(): GeoJSON.FeatureCollection {
  return {
    type: "FeatureCollection",
    features: CITIES.map(([name, lat, lon, rank]) => ({
      type: "Feature",
      properties: { name, rank },
      geometry: { type: "Point", coordinates: [lon, lat] },
    })),
  };
}

/** A style around somebody's raster tiles, for an address with {z}, {x} and {y}. */
export function rasterStyle(tiles: string, attribution: string): StyleSpecification {
  return {
    version: 8,
    sources: { tiles: { type: "raster", tiles: [tiles], tileSize: 256, attribution } },
    layers: [{ id: "tiles", type: "raster", source: "tiles" }],
  };
}
