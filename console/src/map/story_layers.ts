// What a truck did, on the map: the way it drove, where it stood and strayed, what was told of it,
// and where it was at a moment. Once for the recent track, once for the replay of a day.

import type { GeoJSONSource, LayerSpecification, Map as MapLibre } from "maplibre-gl";
import type { CloudEvent, LatLon, Span } from "../api/types";
import { between, type Place, spanMark, type Story, toldOf, truthWords } from "../story/story";
import type { Palette } from "../theme";
import { eventLine } from "../ui/event_text";
import { ago, clock } from "../ui/format";
import { collection, dot, trackFeatures } from "./lines";
import { routeFeatures, routeLayers } from "./route_layers";

const LONG_STOP_MIN = 5;

export class StoryLayers {
  private readonly name: string;
  private drawn: Story | null = null;
  private done: GeoJSON.FeatureCollection = collection([]);
  private now: GeoJSON.FeatureCollection = collection([]);
  private map: MapLibre | null = null;

  /** `name` is that of its sources and layers. */
  constructor(name: string) {
    this.name = name;
  }

  get count(): number {
    return this.done.features.length;
  }

  attach(map: MapLibre, palette: Palette): void {
    this.map = map;
    map.addSource(this.name, { type: "geojson", data: this.done });
    map.addSource(this.nowName, { type: "geojson", data: this.now });
    for (const layer of layers(this.name, palette)) map.addLayer(layer);
    map.addLayer(nowLayer(this.nowName, palette));
  }

  /** Draws it, and says whether it is another story than before. */
  show(story: Story | null): boolean {
    if (story === this.drawn) return false;
    this.drawn = story;
    this.done = collection(story === null ? [] : storyFeatures(story));
    this.map?.getSource<GeoJSONSource>(this.name)?.setData(this.done);
    return true;
  }

  /** Where the truck was at the moment that is played. */
  mark(place: Place | null): void {
    this.now = collection(
      place === null ? [] : [dot(place.lat, place.lon, { unseen: place.unseen })],
    );
    this.map?.getSource<GeoJSONSource>(this.nowName)?.setData(this.now);
  }

  private get nowName(): string {
    return `${this.name}-now`;
  }
}

export function storyFeatures(story: Story): GeoJSON.Feature[] {
  const driven = trackFeatures(story.points).map((feature) => {
    const part = feature.properties?.["gap"] === true ? "gap" : "driven";
    return { ...feature, properties: { part } };
  });
  return [
    ...story.routes.flatMap((route) => routeFeatures(route, 1, [])),
    ...driven,
    ...story.trips.flatMap((span) => wayOf(span, "trip", story)),
    ...story.deviations.flatMap((span) => wayOf(span, "deviation", story)),
    ...story.stops.flatMap((span) => stopOf(span, story)),
    ...toldOf(story.events).flatMap(({ event, truth }) => {
      const at = placeOf(event);
      const { words, about, tone } = eventLine(event);
      const said = `${clock(event.time)} ${words} ${about ?? ""}${truthWords(truth)}`;
      return at === null ? [] : [dot(at.lat, at.lon, { part: "event", tone, truth, words: said })];
    }),
  ];
}

/** The fixes of what lasted, as a line; a trip or episode of a single fix has none. */
function wayOf(span: Span, part: "trip" | "deviation", story: Story): GeoJSON.Feature[] {
  const toMs = span.to === null ? story.toMs : Date.parse(span.to);
  const way = between(story.points, Date.parse(span.from), toMs);
  if (way.length < 2) return [];
  const words = `${clock(span.from)} ${spanMark(span, part, story).words}`;
  return trackFeatures(way)
    .filter((feature) => feature.properties?.["gap"] === false)
    .map((feature) => ({ ...feature, properties: { part, words } }));
}

function stopOf(span: Span, story: Story): GeoJSON.Feature[] {
  const point = span["point"] as LatLon | undefined;
  if (point === undefined) return [];
  const lastedMs = (span.to === null ? story.toMs : Date.parse(span.to)) - Date.parse(span.from);
  const name = lastedMs >= LONG_STOP_MIN * 60_000 ? ago(lastedMs) : "";
  const words = `${clock(span.from)} ${spanMark(span, "stop", story).words}`;
  return [dot(point.lat, point.lon, { part: "stop", name, words })];
}

/** Facts say where they happened in one of two ways. */
function placeOf({ data = {} }: CloudEvent): LatLon | null {
  const { lat, lon } = (data["position"] ?? data) as Partial<LatLon>;
  return typeof lat === "number" && typeof lon === "number" ? { lat, lon } : null;
}

function layers(name: string, palette: Palette): LayerSpecification[] {
  const round = { "line-join": "round", "line-cap": "round" } as const;
  const part = (value: string): never => ["==", ["get", "part"], value] as never;
  const way = { type: "line", source: name, layout: round } as const;
  return [
    ...routeLayers(name, palette),
    {
      ...way,
      id: `${name}-gaps`,
      filter: part("gap"),
      layout: {},
      paint: { "line-color": palette.track, "line-width": 1.5, "line-dasharray": [2, 2] },
    },
    // Thin outside of trips: what a parked receiver wanders.
    {
      ...way,
      id: `${name}-driven`,
      filter: part("driven"),
      paint: { "line-color": palette.track, "line-width": 1.8 },
    },
    {
      ...way,
      id: `${name}-trips`,
      filter: part("trip"),
      paint: { "line-color": palette.track, "line-width": 3.2 },
    },
    {
      ...way,
      id: `${name}-deviations`,
      filter: part("deviation"),
      paint: { "line-color": palette.away, "line-width": 4.5 },
    },
    ...eventLayers(name, palette),
    ...stopLayers(name, palette),
  ];
}

/** Rings for what a late fix took back or changed, dots for what stands as it was told. */
function eventLayers(name: string, palette: Palette): LayerSpecification[] {
  const truth = ["get", "truth"];
  const tone = ["get", "tone"];
  const colour = ["match", tone, "alarm", palette.away, "notice", palette.stop, palette.label];
  return [
    {
      id: `${name}-events`,
      type: "circle",
      source: name,
      filter: ["==", ["get", "part"], "event"] as never,
      paint: {
        "circle-color": ["match", truth, "withdrawn", "rgba(0,0,0,0)", colour] as never,
        "circle-radius": ["match", truth, "told", 3.5, 5] as never,
        "circle-stroke-color": [
          "match",
          truth,
          "told",
          palette.labelHalo,
          "corrected",
          palette.text,
          palette.label,
        ] as never,
        "circle-stroke-width": ["match", truth, "told", 1, 1.8] as never,
      },
    },
  ];
}

function stopLayers(name: string, palette: Palette): LayerSpecification[] {
  const isStop = ["==", ["get", "part"], "stop"] as never;
  return [
    {
      id: `${name}-stops`,
      type: "circle",
      source: name,
      filter: isStop,
      paint: {
        "circle-color": palette.stop,
        "circle-radius": 6,
        "circle-stroke-color": palette.labelHalo,
        "circle-stroke-width": 1.5,
      },
    },
    {
      id: `${name}-stop-names`,
      type: "symbol",
      source: name,
      filter: isStop,
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
  ];
}

function nowLayer(source: string, palette: Palette): LayerSpecification {
  return {
    id: source,
    type: "circle",
    source,
    paint: {
      "circle-color": ["case", ["get", "unseen"], "rgba(0,0,0,0)", palette.track] as never,
      "circle-radius": 9,
      "circle-stroke-color": palette.text,
      "circle-stroke-width": 3,
    },
  };
}

