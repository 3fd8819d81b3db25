// The map: base style, overlays, trucks and clusters, and what the dispatcher points at.

import "maplibre-gl/dist/maplibre-gl.css";
import {
  LngLatBounds,
  Map as MapLibre,
  type MapMouseEvent,
  NavigationControl,
  ScaleControl,
  setWorkerUrl,
} from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import type { Fleet, Truck } from "../fleet/fleet";
import { cluster } from "../fleet/clusters";
import { latOf, lonOf, mercatorX, mercatorY, metresPerPx, worldPx } from "../fleet/mercator";
import { place } from "../fleet/motion";
import type { Bbox } from "../live/connection";
import type { Scene } from "../story/replay_panel";
import { Signal } from "../signal";
import type { Palette, Theme } from "../theme";
import { HOME_BOUNDS } from "./basemap";
import { BookingLayer } from "./booking_layer";
import { ChosenTruck } from "./chosen";
import { ClusterMarkers } from "./cluster_markers";
import { EvidenceLayer } from "./evidence_layer";
import { Overlays } from "./overlays";
import { type BaseMap, styleFor } from "./base_choice";
import { TrucksLayer } from "./trucks_layer";

setWorkerUrl(workerUrl);

const HIT_PX = 14;
const CLOSE_ZOOM = 10;
const RECLUSTER_MS = 1_000;
const CLUSTER_ZOOM_STEP = 2; // per zoom level
const FRAME_FASTEST_MS = 33;
const FRAME_SLOWEST_MS = 1_000;
// Repaint when the fastest truck has moved about this far on screen.
const STEP_PX = 0.4;
const FASTEST_MPS = 33;
// The subscription reaches a little beyond the screen, so that a small pan shows trucks at once.
const VIEWPORT_MARGIN = 0.15;

// Beside the panels on a wide screen, above them on a phone.
const WIDE_PX = 700;
const PADDING_WIDE = { top: 70, left: 340, right: 110, bottom: 190 };
const PADDING_NARROW = { top: 20, left: 30, right: 30 };
// How much of the map's height they cover on a phone.
const CARD_COVERS = 0.62;
const REPLAY_COVERS = 0.36;

/** What lies under the pointer: a truck, or something else that can be said in words. */
export interface Hover {
  what: Truck | string;
  x: number;
  y: number;
}

export interface DrawStats {
  trucks: number;
  clusters: number;
  layoutMs: number;
}

export class MapView {
  readonly viewport = new Signal<Bbox>();
  readonly picked = new Signal<string | null>();
  readonly hovered = new Signal<Hover | null>();
  /** The base map cannot be had at all; a missing tile is not that. */
  readonly styleFailed = new Signal<string>();
  readonly overlays = new Overlays();
  readonly chosen = new ChosenTruck();
  readonly bookings = new BookingLayer();
  readonly evidence = new EvidenceLayer();
  readonly map: MapLibre;
  firstDrawnAtMs: number | null = null;
  private readonly fleet: Fleet;
  private readonly layer: TrucksLayer;
  private readonly markers: ClusterMarkers;
  private chosenId: string | null = null;
  private singles: Truck[] = [];
  private laidOutAt = 0;
  private movingUntil = 0;
  private layoutTimer: number | undefined;
  private stats: DrawStats = { trucks: 0, clusters: 0, layoutMs: 0 };
  private base: BaseMap;
  private palette: Palette;
  private styled = false;

  constructor(container: HTMLElement, fleet: Fleet, theme: Theme, base: BaseMap) {
    this.fleet = fleet;
    this.base = base;
    this.palette = theme.palette.value;
    this.layer = new TrucksLayer(this.palette);
    this.map = createMap(container);
    this.markers = new ClusterMarkers(this.map, (members) => this.zoomInto(members));
    this.map.on("style.load", () => this.onStyle());
    // After a laptop's sleep the graphics are new: MapLibre restores its layers, not ours.
    this.map.on("webglcontextrestored", () => void this.restyle(this.base));
    this.map.on("mouseout", () => this.hovered.emit(null));
    this.map.on("error", (event) => this.onError(event.error?.message ?? "unknown error"));
    this.map.on("move", () => this.viewport.emit(this.bbox()));
    this.map.on("zoom", () => this.layOutSoon());
    this.map.on("click", (event) => this.picked.emit(this.hit(event.lngLat, HIT_PX)?.id ?? null));
    this.map.on("mousemove", (event) => this.hover(event));
    fleet.changed.on(() => this.layOutSoon());
    theme.palette.on((palette) => void this.restyle(this.base, palette));
    void this.restyle(base);
    this.animate();
  }

  get draw(): DrawStats {
    return this.stats;
  }

  bbox(): Bbox {
    const bounds = this.map.getBounds();
    const lon = (bounds.getEast() - bounds.getWest()) * VIEWPORT_MARGIN;
    const lat = (bounds.getNorth() - bounds.getSouth()) * VIEWPORT_MARGIN;
    return [
      Math.max(-180, bounds.getWest() - lon),
      Math.max(-90, bounds.getSouth() - lat),
      Math.min(180, bounds.getEast() + lon),
      Math.min(90, bounds.getNorth() + lat),
    ];
  }

  /** The feed reaches a little beyond the screen; what is counted is what is seen. */
  onScreen(): (truck: Truck) => boolean {
    const bounds = this.map.getBounds();
    return (truck) => bounds.contains([truck.lon, truck.lat]);
  }

  choose(id: string | null): void {
    this.chosenId = id;
    this.layOut();
  }

  flyTo(lat: number, lon: number): void {
    const zoom = Math.max(this.map.getZoom(), CLOSE_ZOOM);
    this.map.flyTo({ center: [lon, lat], zoom, duration: 900 });
  }

  showHome(): void {
    this.map.fitBounds(HOME_BOUNDS, { padding: 20, duration: 700 });
  }

  follow(lat: number, lon: number): void {
    this.map.easeTo({ center: [lon, lat], duration: 800 });
  }

  /** A moment of the day that is played again; another day is brought into view. */
  showScene(scene: Scene | null): void {
    const isAnother = this.chosen.play(scene);
    if (!isAnother || scene === null) return;
    const way = scene.story.points.map(({ lat, lon }) => [lon, lat]);
    this.fit(way, REPLAY_COVERS);
  }

  fit(line: GeoJSON.Position[], covered = CARD_COVERS): void {
    const bounds = new LngLatBounds();
    for (const [lon = 0, lat = 0] of line) bounds.extend([lon, lat]);
    if (bounds.isEmpty()) return;
    const { clientWidth, clientHeight } = this.map.getContainer();
    const narrow = { ...PADDING_NARROW, bottom: clientHeight * covered };
    const padding = clientWidth > WIDE_PX ? PADDING_WIDE : narrow;
    this.map.fitBounds(bounds, { padding, maxZoom: 14, duration: 700 });
  }

  async restyle(base: BaseMap, palette: Palette = this.palette): Promise<void> {
    this.base = base;
    this.palette = palette;
    this.layer.paint(palette);
    this.styled = false;
    try {
      const style = await styleFor(base, palette);
      if (this.base === base && this.palette === palette) this.map.setStyle(style, { diff: false });
    } catch (error) {
      this.onError(error instanceof Error ? error.message : String(error));
    }
  }

  /** Where a truck is drawn at this moment. */
  drawnAt(truck: Truck): { lat: number; lon: number } {
    const [x, y] = place(truck.motion, performance.now());
    return { lat: latOf(y), lon: lonOf(x) };
  }

  private onError(message: string): void {
    if (this.styled) console.warn("map:", message);
    else this.styleFailed.emit(message);
  }

  private onStyle(): void {
    this.styled = true;
    this.overlays.attach(this.map, this.palette);
    this.chosen.attach(this.map, this.palette);
    this.bookings.attach(this.map, this.palette);
    this.evidence.attach(this.map, this.palette);
    this.map.addLayer(this.layer);
    this.layOut();
    this.viewport.emit(this.bbox());
  }

  private layOutSoon(): void {
    const due = this.laidOutAt + this.interval();
    if (performance.now() >= due) this.layOut();
    else if (this.layoutTimer === undefined) {
      this.layoutTimer = window.setTimeout(() => this.layOut(), due - performance.now());
    }
  }

  /** Clustered maps may lag a second behind; where trucks are seen singly, every frame counts. */
  private interval(): number {
    return this.markers.count > 0 && !this.map.isZooming() ? RECLUSTER_MS : FRAME_FASTEST_MS;
  }

  private layOut(): void {
    window.clearTimeout(this.layoutTimer);
    this.layoutTimer = undefined;
    const now = performance.now();
    const zoom = Math.round(this.map.getZoom() * CLUSTER_ZOOM_STEP) / CLUSTER_ZOOM_STEP;
    const chosen = (this.chosenId === null ? null : this.fleet.trucks.get(this.chosenId)) ?? null;
    const { clusters, singles } = cluster(this.placed(chosen, now), zoom);
    this.singles = singles.map((single) => single.truck);
    if (chosen !== null) this.singles.push(chosen);
    const centre = this.map.getCenter();
    const anchor: [number, number] = [mercatorX(centre.lng), mercatorY(centre.lat)];
    this.layer.show(this.singles, chosen, anchor, now);
    this.movingUntil = this.singles.reduce((latest, { motion }) => {
      return Math.max(latest, motion.startedMs + motion.lastsMs + FRAME_SLOWEST_MS);
    }, 0);
    this.markers.show(clusters);
    this.laidOutAt = performance.now();
    this.stats = {
      trucks: this.singles.length,
      clusters: clusters.length,
      layoutMs: this.laidOutAt - now,
    };
    if (this.fleet.trucks.size > 0) this.firstDrawnAtMs ??= Date.now();
  }

  private placed(chosen: Truck | null, now: number): Placed[] {
    const all: Placed[] = [];
    for (const truck of this.fleet.trucks.values()) {
      if (truck === chosen) continue;
      const [x, y] = place(truck.motion, now);
      all.push({ truck, x, y, status: truck.status });
    }
    return all;
  }

  /** Repaints only as often as movement can be seen: idle when zoomed out, smooth when near. */
  private animate(): void {
    const mpp = metresPerPx(this.map.getCenter().lat, this.map.getZoom());
    const wait = ((STEP_PX * mpp) / FASTEST_MPS) * 1000;
    const now = performance.now();
    if (now < this.movingUntil && document.visibilityState === "visible") this.map.triggerRepaint();
    const bounded = Math.min(FRAME_SLOWEST_MS, Math.max(FRAME_FASTEST_MS, wait));
    window.setTimeout(() => this.animate(), bounded);
  }

  private hit(at: { lng: number; lat: number }, withinPx: number): Truck | null {
    const size = worldPx(this.map.getZoom());
    const x = mercatorX(at.lng);
    const y = mercatorY(at.lat);
    const now = performance.now();
    let best: Truck | null = null;
    let bestPx = withinPx;
    for (const truck of this.singles) {
      const [tx, ty] = place(truck.motion, now);
      const px = Math.hypot(tx - x, ty - y) * size;
      if (px < bestPx) {
        best = truck;
        bestPx = px;
      }
    }
    return best;
  }

  private hover(event: MapMouseEvent): void {
    const truck = this.hit(event.lngLat, HIT_PX);
    const booking = truck === null ? this.bookings.at(event.point) : null;
    this.map.getCanvas().style.cursor = truck === null && booking === null ? "" : "pointer";
    const drawn = booking?.words ?? this.evidence.wordsAt(event.point);
    const what = truck ?? drawn ?? this.chosen.wordsAt(event.point);
    const { x, y } = event.point;
    this.hovered.emit(what === null ? null : { what, x, y });
  }

  private zoomInto(members: Truck[]): void {
    const bounds = new LngLatBounds();
    for (const truck of members) bounds.extend([truck.lon, truck.lat]);
    this.map.fitBounds(bounds, { padding: 90, maxZoom: 14, duration: 700 });
  }
}

interface Placed {
  truck: Truck;
  x: number;
  y: number;
  status: number;
}

function createMap(container: HTMLElement): MapLibre {
  const map = new MapLibre({
    container,
    style: { version: 8, sources: {}, layers: [] },
    bounds: HOME_BOUNDS,
    fitBoundsOptions: { padding: 20 },
    hash: "map",
    minZoom: 2,
    maxZoom: 18,
    maxPitch: 0,
    pitchWithRotate: false,
    attributionControl: { compact: false },
    renderWorldCopies: false,
    fadeDuration: 0,
  });
  map.touchPitch.disable();
  map.addControl(new NavigationControl({ showCompass: false }), "bottom-right");
  map.addControl(new ScaleControl({ unit: "metric", maxWidth: 90 }), "bottom-right");
  return map;
}
