// The fixes that made an alert, on the map: their way, each of them, and where it happened.

import type { GeoJSONSource, LayerSpecification, Map as MapLibre, PointLike } from "maplibre-gl";
import type { LatLon, TrackPoint } from "../api/types";
import type { Palette } from "../theme";
import { clock } from "../ui/format";
import { collection, dot, trackFeatures } from "./lines";

const SOURCE = "evidence";
const NEAR_PX = 5;
const DOTS = ["evidence-fixes", "evidence-place"];
// More of them would be a smear; the way is drawn of all.
const DOTS_MAX = 400;

export interface Shown {
  /** Of each truck that it is about. */
  tracks: readonly (readonly TrackPoint[])[];
  place: LatLon | null;
  words: string;
}

export class EvidenceLayer {
  private features: GeoJSON.Feature[] = [];
  private map: MapLibre | null = null;

  get count(): number {
    return this.features.length;
  }

  attach(map: MapLibre, palette: Palette): void {
    this.map = map;
    map.addSource(SOURCE, { type: "geojson", data: collection(this.features) });
    for (const layer of layers(palette)) map.addLayer(layer);
  }

  show(shown: Shown | null): void {
    this.features = shown === null ? [] : evidenceFeatures(shown);
    this.map?.getSource<GeoJSONSource>(SOURCE)?.setData(collection(this.features));
  }

  wordsAt({ x, y }: { x: number; y: number }): string | null {
    if (this.map?.getLayer(DOTS[0] ?? "") === undefined) return null;
    const near: [PointLike, PointLike] = [
      [x - NEAR_PX, y - NEAR_PX],
      [x + NEAR_PX, y + NEAR_PX],
    ];
    const [found] = this.map.queryRenderedFeatures(near, { layers: DOTS });
    return found === undefined ? null : String(found.properties["words"]);
  }
}

export function evidenceFeatures({ tracks, place, words }: Shown): GeoJSON.Feature[] {
  const at = place === null ? [] : [dot(place.lat, place.lon, { part: "place", words })];
  return [...tracks.flatMap(ofTrack), ...at];
}

function ofTrack(fixes: readonly TrackPoint[]): GeoJSON.Feature[] {
  const every = Math.max(1, Math.ceil(fixes.length / DOTS_MAX));
  const dots = fixes
    .filter((_, i) => i % every === 0)
    .map(({ lat, lon, tsMs }) => dot(lat, lon, { part: "fix", words: `fix of ${clock(tsMs)}` }));
  return [...trackFeatures([...fixes]), ...dots];
}

function layers(palette: Palette): LayerSpecification[] {
  const part = (value: string): never => ["==", ["get", "part"], value] as never;
  return [
    {
      id: "evidence-way",
      type: "line",
      source: SOURCE,
      filter: ["==", ["geometry-type"], "LineString"] as never,
      layout: { "line-join": "round", "line-cap": "round" },
      paint: {
        "line-color": palette.away,
        "line-width": 3,
        "line-opacity": ["case", ["get", "gap"], 0.35, 0.9] as never,
      },
    },
    {
      id: "evidence-fixes",
      type: "circle",
      source: SOURCE,
      filter: part("fix"),
      paint: {
        "circle-color": palette.labelHalo,
        "circle-radius": 3.5,
        "circle-stroke-color": palette.away,
        "circle-stroke-width": 2,
      },
    },
    {
      id: "evidence-place",
      type: "circle",
      source: SOURCE,
      filter: part("place"),
      paint: {
        "circle-color": "rgba(0,0,0,0)",
        "circle-radius": 15,
        "circle-stroke-color": palette.away,
        "circle-stroke-width": 3,
      },
    },
  ];
}
