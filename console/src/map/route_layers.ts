// The route a truck follows: what is done and what remains of it told apart, its stops, its end.

import type { GeoJSONSource, LayerSpecification, Map as MapLibre } from "maplibre-gl";
import type { JourneyStop, RouteLine } from "../api/types";
import { type Followed, shareDone, splitAt } from "../journey/journey";
import type { Palette } from "../theme";
import { collection, dot, line as lineOf } from "./lines";

const SOURCE = "route";

export class RouteLayer {
  private drawn: GeoJSON.FeatureCollection = collection([]);
  private map: MapLibre | null = null;

  get count(): number {
    return this.drawn.features.length;
  }

  attach(map: MapLibre, palette: Palette): void {
    this.map = map;
    map.addSource(SOURCE, { type: "geojson", data: this.drawn });
    for (const layer of routeLayers(SOURCE, palette)) map.addLayer(layer);
  }

  show(followed: Followed | null): void {
    const { journey, line } = followed ?? {};
    const known = journey !== undefined && line !== undefined && line !== null;
    const share = journey === undefined ? 0 : (shareDone(journey) ?? 0);
    this.drawn = collection(known ? routeFeatures(line, share, journey.stops) : []);
    this.map?.getSource<GeoJSONSource>(SOURCE)?.setData(this.drawn);
  }
}

export function routeFeatures(
  route: RouteLine,
  share: number,
  stops: JourneyStop[],
): GeoJSON.Feature[] {
  const [done, left] = splitAt(route.coordinates, share);
  const [lon, lat] = route.coordinates.at(-1) ?? [];
  const end = lon === undefined || lat === undefined ? [] : [dot(lat, lon, { part: "route-end" })];
  const drawn = (part: string, way: GeoJSON.Position[]): GeoJSON.Feature[] =>
    way.length < 2 ? [] : [lineOf(way, { part, words: route.name })];
  return [
    ...drawn("route-done", done),
    ...drawn("route-left", left),
    ...end,
    ...stops.map(({ name, point }, i) =>
      dot(point.lat, point.lon, {
        part: "route-stop",
        number: String(i + 1),
        name: name ?? "",
        words: name ?? `Stop ${i + 1}`,
      }),
    ),
  ];
}

/** For any source that has features of `routeFeatures`. */
export function routeLayers(source: string, palette: Palette): LayerSpecification[] {
  const part = (value: string): never => ["==", ["get", "part"], value] as never;
  const way = {
    type: "line",
    source,
    layout: { "line-join": "round", "line-cap": "round" },
  } as const;
  const stop = { source, filter: part("route-stop") };
  const halo = { "text-halo-color": palette.labelHalo, "text-halo-width": 1.2 };
  const text = { "text-font": ["system-ui", "sans-serif"], "text-size": 11 };
  return [
    {
      ...way,
      id: `${source}-route-left`,
      filter: part("route-left"),
      paint: { "line-color": palette.route, "line-width": 6, "line-opacity": 0.75 },
    },
    {
      ...way,
      id: `${source}-route-done`,
      filter: part("route-done"),
      paint: { "line-color": palette.route, "line-width": 6, "line-opacity": 0.28 },
    },
    {
      id: `${source}-route-end`,
      type: "circle",
      source,
      filter: part("route-end"),
      paint: {
        "circle-color": palette.labelHalo,
        "circle-radius": 6,
        "circle-stroke-color": palette.route,
        "circle-stroke-width": 4,
      },
    },
    {
      ...stop,
      id: `${source}-route-stops`,
      type: "circle",
      paint: {
        "circle-color": palette.route,
        "circle-radius": 9,
        "circle-stroke-color": palette.labelHalo,
        "circle-stroke-width": 1.5,
      },
    },
    {
      ...stop,
      id: `${source}-route-stop-numbers`,
      type: "symbol",
      layout: { ...text, "text-field": ["get", "number"], "text-allow-overlap": true },
      paint: { "text-color": palette.labelHalo },
    },
    {
      ...stop,
      id: `${source}-route-stop-names`,
      type: "symbol",
      layout: {
        ...text,
        "text-field": ["get", "name"],
        "text-anchor": "left",
        "text-offset": [1.1, 0],
        "text-max-width": 12,
      },
      paint: { "text-color": palette.route, ...halo },
    },
  ];
}
