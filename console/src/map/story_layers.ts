// A truck's day on the map: the way it drove, where it stood and strayed, and where it was "now".

import type { GeoJSONSource, LayerSpecification, Map as MapLibre } from "maplibre-gl";
import type { Scene } from "../story/replay_panel";
import { between, type Story } from "../story/story";
import type { Palette } from "../theme";
import { ago } from "../ui/format";
import { collection, dot, line, trackFeatures } from "./lines";

const LONG_STOP_MIN = 5;

export class StoryLayers {
  private drawn: Story | null = null;
  private day: GeoJSON.FeatureCollection = collection([]);
  private now: GeoJSON.FeatureCollection = collection([]);
  private map: MapLibre | null = null;

  attach(map: MapLibre, palette: Palette): void {
    this.map = map;
    map.addSource("story", { type: "geojson", data: this.day });
    map.addSource("story-now", { type: "geojson", data: this.now });
    for (const layer of layers(palette)) map.addLayer(layer);
  }

  show(scene: Scene | null): void {
    const story = scene?.story ?? null;
    if (story !== this.drawn) {
      this.drawn = story;
      this.day = collection(story === null ? [] : dayFeatures(story));
      this.map?.getSource<GeoJSONSource>("story")?.setData(this.day);
      if (story !== null) this.fit(story);
    }
    const place = scene?.place ?? null;
    const here = place === null ? [] : [dot(place.lat, place.lon, { unseen: place.unseen })];
    this.now = collection(here);
    this.map?.getSource<GeoJSONSource>("story-now")?.setData(this.now);
  }

  private fit(story: Story): void {
    if (story.points.length === 0) return;
    const lons = story.points.map(({ lon }) => lon);
    const lats = story.points.map(({ lat }) => lat);
    const least = (all: number[]): number => all.reduce((a, b) => Math.min(a, b));
    const most = (all: number[]): number => all.reduce((a, b) => Math.max(a, b));
    this.map?.fitBounds([least(lons), least(lats), most(lons), most(lats)], {
      padding: { top: 70, left: 340, right: 60, bottom: 170 },
      maxZoom: 14,
      duration: 700,
    });
  }
}

function dayFeatures(story: Story): GeoJSON.Feature[] {
  const away = story.deviations.map((span) => {
    const toMs = span.to === null ? story.toMs : Date.parse(span.to);
    const way = between(story.points, Date.parse(span.from), toMs);
    return line(way.map(({ lat, lon }) => [lon, lat]), { part: "away" });
  });
  const stops = story.stops.flatMap((span) => {
    const point = span["point"] as { lat: number; lon: number } | undefined;
    if (point === undefined) return [];
    const lastedMs = (span.to === null ? story.toMs : Date.parse(span.to)) - Date.parse(span.from);
    const long = lastedMs >= LONG_STOP_MIN * 60_000;
    return [dot(point.lat, point.lon, { part: "stop", name: long ? ago(lastedMs) : "" })];
  });
  const driven = trackFeatures(story.points).map((feature) => {
    const part = feature.properties?.["gap"] === true ? "gap" : "driven";
    return { ...feature, properties: { part } };
  });
  return [...driven, ...away.filter(isDrawn), ...stops];
}

function isDrawn(feature: GeoJSON.Feature): boolean {
  return feature.geometry.type === "LineString" && feature.geometry.coordinates.length > 1;
}

function layers(palette: Palette): LayerSpecification[] {
  const round = { "line-join": "round", "line-cap": "round" } as const;
  const part = (name: string): never => ["==", ["get", "part"], name] as never;
  const way = { type: "line", source: "story", layout: round } as const;
  return [
    {
      ...way,
      id: "story-gaps",
      filter: part("gap"),
      paint: { "line-color": palette.track, "line-width": 1.5, "line-dasharray": [2, 2] },
    },
    {
      ...way,
      id: "story-driven",
      filter: part("driven"),
      paint: { "line-color": palette.track, "line-width": 3 },
    },
    {
      ...way,
      id: "story-away",
      filter: part("away"),
      paint: { "line-color": palette.away, "line-width": 4.5 },
    },
    {
      id: "story-stops",
      type: "circle",
      source: "story",
      filter: part("stop"),
      paint: {
        "circle-color": palette.stop,
        "circle-radius": 6,
        "circle-stroke-color": palette.labelHalo,
        "circle-stroke-width": 1.5,
      },
    },
    {
      id: "story-stop-names",
      type: "symbol",
      source: "story",
      filter: part("stop"),
      layout: {
        "text-field": ["get", "name"],
        "text-font": ["system-ui", "sans-serif"],
        "text-size": 11,
        "text-anchor": "left",
        "text-offset": [0.9, 0],
      },
      paint: {
        "text-color": palette.stop,
        "text-halo-color": palette.labelHalo,
        "text-halo-width": 1.2,
      },
    },
    {
      id: "story-now",
      type: "circle",
      source: "story-now",
      paint: {
        "circle-color": ["case", ["get", "unseen"], "rgba(0,0,0,0)", palette.track] as never,
        "circle-radius": 9,
        "circle-stroke-color": palette.name === "dark" ? "#ffffff" : "#11181f",
        "circle-stroke-width": 3,
      },
    },
  ];
}
