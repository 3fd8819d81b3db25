// The built-in base map: country and state outlines from a package, city names, nothing from afar.

import statesUrl from "@amcharts/amcharts5-geodata/json/india2023High.json?url";
import worldUrl from "@amcharts/amcharts5-geodata/json/worldIndiaHigh.json?url";
import type { ExpressionSpecification, LayerSpecification, StyleSpecification } from "maplibre-gl";
import type { Palette } from "../theme";
import { CITIES } from "./cities";
import { edgesSharedWith, outlines } from "./outlines";

export const HOME_BOUNDS: [number, number, number, number] = [67.5, 6.5, 97.5, 37.2];
const ATTRIBUTION =
  'Boundaries: <a href="https://www.amcharts.com/" target="_blank" rel="noopener">amCharts</a>';
const IS_INDIA: ExpressionSpecification = ["==", ["get", "id"], "IN"];
const FONT = ["system-ui", "sans-serif"];

interface Ground {
  world: GeoJSON.FeatureCollection;
  states: GeoJSON.FeatureCollection;
  lines: GeoJSON.FeatureCollection;
}

let ground: Promise<Ground> | null = null;

/** Both themes draw from the same data: loaded and prepared once. */
function loadGround(): Promise<Ground> {
  ground ??= prepare();
  return ground;
}

async function prepare(): Promise<Ground> {
  const [states, world] = await Promise.all([polygons(statesUrl), polygons(worldUrl)]);
  const { outer, inner } = outlines(states);
  const features: GeoJSON.Feature[] = [
    { type: "Feature", properties: { kind: "outer" }, geometry: outer },
    { type: "Feature", properties: { kind: "inner" }, geometry: inner },
    { type: "Feature", properties: { kind: "coarse" }, geometry: edgesSharedWith(world, "IN") },
  ];
  return { world, states, lines: { type: "FeatureCollection", features } };
}

async function polygons(url: string): Promise<GeoJSON.FeatureCollection> {
  return (await (await fetch(url)).json()) as GeoJSON.FeatureCollection;
}

export async function builtInStyle(palette: Palette): Promise<StyleSpecification> {
  const { world, states, lines } = await loadGround();
  return {
    version: 8,
    sources: {
      world: {
        type: "geojson",
        data: world,
        attribution: ATTRIBUTION,
        tolerance: 0.2,
      },
      states: { type: "geojson", data: states, tolerance: 0.2 },
      lines: { type: "geojson", data: lines, tolerance: 0 },
      cities: { type: "geojson", data: cityFeatures() },
    },
    layers: [...groundLayers(palette), cityLayer(palette)],
  };
}

/** India itself comes from its states, which are drawn finer than the world around them. */
function groundLayers(palette: Palette): LayerSpecification[] {
  const line = (near: number, far: number): ExpressionSpecification => [
    "interpolate",
    ["linear"],
    ["zoom"],
    3,
    near,
    9,
    far,
  ];
  return [
    { id: "water", type: "background", paint: { "background-color": palette.water } },
    { id: "land", type: "fill", source: "world", paint: { "fill-color": palette.land } },
    {
      id: "borders",
      type: "line",
      source: "world",
      filter: ["!", IS_INDIA],
      paint: { "line-color": palette.border, "line-width": 0.8 },
    },
    {
      // The neighbours' coarser idea of the border with India: painted over, not drawn twice.
      id: "coarse-borders",
      type: "line",
      source: "lines",
      filter: ["==", ["get", "kind"], "coarse"],
      paint: { "line-color": palette.land, "line-width": 2.5 },
    },
    { id: "home", type: "fill", source: "states", paint: { "fill-color": palette.home } },
    {
      id: "state-lines",
      type: "line",
      source: "lines",
      filter: ["==", ["get", "kind"], "inner"],
      paint: { "line-color": palette.stateLine, "line-width": line(0.5, 1.3) },
    },
    {
      id: "home-border",
      type: "line",
      source: "lines",
      filter: ["==", ["get", "kind"], "outer"],
      layout: { "line-cap": "round" },
      paint: { "line-color": palette.homeBorder, "line-width": line(0.8, 1.6) },
    },
  ];
}

function cityLayer(palette: Palette): LayerSpecification {
  return {
    id: "cities",
    type: "symbol",
    source: "cities",
    filter: ["<=", ["get", "rank"], ["step", ["zoom"], 1, 4, 2, 5, 3, 6.2, 4, 7.2, 5]],
    layout: {
      "text-field": ["get", "name"],
      // Without a glyphs address MapLibre draws text with the machine's own fonts.
      "text-font": FONT,
      "text-size": ["interpolate", ["linear"], ["zoom"], 4, 11.5, 10, 15],
      "text-anchor": "top",
      "text-offset": [0, 0.35],
      "symbol-sort-key": ["get", "rank"],
      "text-padding": 6,
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
