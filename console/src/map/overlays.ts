// What lies directly on the base map: the outlines of fences.

import type { GeoJSONSource, LayerSpecification, Map as MapLibre } from "maplibre-gl";
import type { Fence } from "../api/types";
import type { Palette } from "../theme";
import { collection } from "./lines";
import { outline } from "./shapes";

const DOUBLES_PER_ZOOM = ["exponential", 2] as const;
const ZOOM_FAR = 22;
// From further away a yard is a speck.
const FENCES_FROM_ZOOM = 7.5;

export class Overlays {
  private fences: GeoJSON.FeatureCollection = collection([]);
  private map: MapLibre | null = null;

  /** (Re)adds our layers to a freshly loaded style, below `before`. */
  attach(map: MapLibre, palette: Palette): void {
    this.map = map;
    map.addSource("fences", { type: "geojson", data: this.fences });
    for (const layer of layers(palette)) map.addLayer(layer);
  }

  setFences(fences: Fence[]): void {
    const features = fences.map(outline).filter((f): f is GeoJSON.Feature => f !== null);
    this.fences = collection(features);
    this.map?.getSource<GeoJSONSource>("fences")?.setData(this.fences);
  }
}

function layers(palette: Palette): LayerSpecification[] {
  const corridorPx = [
    "interpolate",
    DOUBLES_PER_ZOOM,
    ["zoom"],
    0,
    ["get", "px0"],
    ZOOM_FAR,
    ["*", ["get", "px0"], 2 ** ZOOM_FAR],
  ] as never;
  const round = { "line-join": "round", "line-cap": "round" } as const;
  const isLine = ["==", ["geometry-type"], "LineString"] as never;
  return [
    {
      id: "fence-areas",
      type: "fill",
      source: "fences",
      minzoom: FENCES_FROM_ZOOM,
      filter: ["!", isLine] as never,
      paint: { "fill-color": palette.fence, "fill-opacity": 0.1 },
    },
    {
      id: "fence-corridors",
      type: "line",
      source: "fences",
      minzoom: FENCES_FROM_ZOOM,
      filter: isLine,
      layout: round,
      paint: { "line-color": palette.fence, "line-opacity": 0.12, "line-width": corridorPx },
    },
    {
      id: "fence-corridor-edges",
      type: "line",
      source: "fences",
      minzoom: FENCES_FROM_ZOOM,
      filter: isLine,
      layout: round,
      paint: { "line-color": palette.fence, "line-width": 1.2, "line-gap-width": corridorPx },
    },
    {
      id: "fence-edges",
      type: "line",
      source: "fences",
      minzoom: FENCES_FROM_ZOOM,
      filter: ["!", isLine] as never,
      layout: round,
      paint: { "line-color": palette.fence, "line-width": 1.3, "line-opacity": 0.85 },
    },
    {
      id: "fence-names",
      type: "symbol",
      source: "fences",
      minzoom: 10,
      layout: {
        "text-field": ["get", "name"],
        "text-font": ["system-ui", "sans-serif"],
        "text-size": 11,
        "text-anchor": "top",
        "text-offset": [0, 0.9],
        "text-max-width": 9,
      },
      paint: {
        "text-color": palette.fence,
        "text-halo-color": palette.labelHalo,
        "text-halo-width": 1.2,
      },
    },
  ];
}
