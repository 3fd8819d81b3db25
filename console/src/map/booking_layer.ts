// Bookings on the map: pins of pickups and drops, the chosen one's way, stops and trucks.

import type { GeoJSONSource, LayerSpecification, Map as MapLibre, PointLike } from "maplibre-gl";
import type { LatLon } from "../api/types";
import type { Booking } from "../booking/types";
import { placeWords, type Stage, stageOf, statusWords, wayWords } from "../booking/words";
import type { Palette } from "../theme";
import { collection, dot, line } from "./lines";

const SOURCE = "bookings";
const PINS = "booking-pins";
const NEAR_PX = 6;

/** A truck that has a leg of the chosen booking, where it is now. */
export interface Carrier extends LatLon {
  leg: string;
  truck: string;
}

export class BookingLayer {
  private pins: GeoJSON.Feature[] = [];
  private chosen: GeoJSON.Feature[] = [];
  private map: MapLibre | null = null;

  /** How many things are drawn for the board and for the booking that is looked at. */
  get shapes(): { pins: number; chosen: number } {
    return { pins: this.pins.length, chosen: this.chosen.length };
  }

  attach(map: MapLibre, palette: Palette): void {
    this.map = map;
    const data = collection([...this.pins, ...this.chosen]);
    map.addSource(SOURCE, { type: "geojson", data });
    for (const layer of layers(palette)) map.addLayer(layer);
  }

  showAll(bookings: readonly Booking[]): void {
    this.pins = bookings.flatMap(pinsOf);
    this.draw();
  }

  showOne(booking: Booking | null, carriers: readonly Carrier[]): void {
    this.chosen = booking === null ? [] : chosenFeatures(booking, carriers);
    this.draw();
  }

  /** Stops of a booking that is still being made. */
  showPlaces(places: readonly { at: LatLon; isPickup: boolean }[]): void {
    const way = places.map(({ at }) => [at.lon, at.lat]);
    const between = way.length > 1 ? [line(way, { part: "way" })] : [];
    const stops = places.map(({ at, isPickup }, i) => {
      const words = isPickup ? "pickup" : "drop";
      return dot(at.lat, at.lon, { part: "stop", number: String(i + 1), words });
    });
    this.chosen = [...between, ...stops];
    this.draw();
  }

  /** The booking whose pin lies at a place of the screen. */
  at({ x, y }: { x: number; y: number }): { id: string; words: string } | null {
    if (this.map?.getLayer(PINS) === undefined) return null;
    const near: [PointLike, PointLike] = [
      [x - NEAR_PX, y - NEAR_PX],
      [x + NEAR_PX, y + NEAR_PX],
    ];
    const [found] = this.map.queryRenderedFeatures(near, { layers: [PINS] });
    if (found === undefined) return null;
    return { id: String(found.properties["booking"]), words: String(found.properties["words"]) };
  }

  private draw(): void {
    const data = collection([...this.pins, ...this.chosen]);
    this.map?.getSource<GeoJSONSource>(SOURCE)?.setData(data);
  }
}

export function pinsOf(booking: Booking): GeoJSON.Feature[] {
  const stage = stageOf(booking.status);
  const words = `${wayWords(booking)}: ${statusWords(booking.status)}`;
  return booking.stops.map(({ kind, place }) =>
    dot(place.lat, place.lon, { part: "pin", kind, stage, booking: booking.id, words }),
  );
}

export function chosenFeatures(
  booking: Booking,
  carriers: readonly Carrier[],
): GeoJSON.Feature[] {
  const way = booking.stops.map(({ place }) => [place.lon, place.lat]);
  const stops = booking.stops.map((stop, i) => {
    const { lat, lon } = stop.place;
    return dot(lat, lon, {
      part: "stop",
      number: String(i + 1),
      words: `${stop.kind} · ${placeWords(stop)}`,
    });
  });
  const trucks = carriers.flatMap(({ leg, truck, lat, lon }) => {
    const progress = booking.legs.find(({ id }) => id === leg)?.stops ?? [];
    const next = progress.find(({ left, proven }) => left === null && !proven);
    const stop = booking.stops.find(({ id }) => id === next?.stop);
    const there = stop && [stop.place.lon, stop.place.lat];
    const ahead = there === undefined ? [] : [line([[lon, lat], there], { part: "ahead" })];
    return [...ahead, dot(lat, lon, { part: "truck", name: `${leg} ${truck}`, words: truck })];
  });
  return [line(way, { part: "way" }), ...stops, ...trucks];
}

function layers(palette: Palette): LayerSpecification[] {
  const part = (value: string): never => ["==", ["get", "part"], value] as never;
  const [unknown, moving, stopped, offline] = palette.statusRgb.map(css);
  const colours: Record<Stage, string> = {
    draft: unknown ?? palette.text,
    looking: stopped ?? palette.stop,
    moving: moving ?? palette.route,
    done: offline ?? palette.label,
    lost: palette.away,
  };
  const pairs = Object.entries(colours).flat();
  const colour = ["match", ["get", "stage"], ...pairs, palette.label] as never;
  const isPickup = ["==", ["get", "kind"], "pickup"];
  const halo = { "text-halo-color": palette.labelHalo, "text-halo-width": 1.4 };
  const text = { "text-font": ["system-ui", "sans-serif"], "text-size": 11 };
  const way = {
    type: "line",
    source: SOURCE,
    layout: { "line-join": "round", "line-cap": "round" },
  } as const;
  return [
    {
      id: PINS,
      type: "circle",
      source: SOURCE,
      filter: part("pin"),
      paint: {
        "circle-color": ["case", isPickup, colour, palette.labelHalo] as never,
        "circle-radius": 5,
        "circle-stroke-color": colour,
        "circle-stroke-width": 2,
      },
    },
    {
      ...way,
      id: "booking-way",
      filter: part("way"),
      paint: { "line-color": palette.track, "line-width": 2.5, "line-dasharray": [2, 2] },
    },
    {
      ...way,
      id: "booking-ahead",
      filter: part("ahead"),
      paint: { "line-color": palette.route, "line-width": 2, "line-dasharray": [1, 2] },
    },
    {
      id: "booking-stops",
      type: "circle",
      source: SOURCE,
      filter: part("stop"),
      paint: {
        "circle-color": palette.track,
        "circle-radius": 9,
        "circle-stroke-color": palette.labelHalo,
        "circle-stroke-width": 2,
      },
    },
    {
      id: "booking-stop-numbers",
      type: "symbol",
      source: SOURCE,
      filter: part("stop"),
      layout: { ...text, "text-field": ["get", "number"], "text-allow-overlap": true },
      paint: { "text-color": palette.labelHalo },
    },
    {
      id: "booking-trucks",
      type: "circle",
      source: SOURCE,
      filter: part("truck"),
      paint: {
        "circle-color": "transparent",
        "circle-radius": 13,
        "circle-stroke-color": palette.route,
        "circle-stroke-width": 2.5,
      },
    },
    {
      id: "booking-truck-names",
      type: "symbol",
      source: SOURCE,
      filter: part("truck"),
      layout: {
        ...text,
        "text-field": ["get", "name"],
        "text-anchor": "left",
        "text-offset": [1.4, 0],
        "text-allow-overlap": true,
      },
      paint: { "text-color": palette.text, ...halo },
    },
  ];
}

function css([r, g, b]: [number, number, number]): string {
  return `rgb(${[r, g, b].map((part) => Math.round(part * 255)).join(",")})`;
}
