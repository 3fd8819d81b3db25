// A read-only window for tests and benchmarks: window.__ubertruck says what is on the screen.

import type { AlertDesk } from "./alerts/desk";
import type { Fleet } from "./fleet/fleet";
import type { LiveConnection } from "./live/connection";
import type { DrawStats, MapView } from "./map/map_view";
import type { EventsPanel } from "./ui/events_panel";

export interface DrawnTruck {
  id: string;
  /** Where it is drawn at this moment. */
  lat: number;
  lon: number;
  /** Its last fix. */
  fix: { lat: number; lon: number; ts_ms: number };
  status: number;
  heading_deg: number | null;
}

export interface ConsoleHook {
  readonly state: string;
  readonly trucks: number;
  readonly drawn: DrawStats;
  readonly events: number;
  /** Epoch milliseconds when the first truck was drawn, or null. */
  readonly first_drawn_ms: number | null;
  readonly zoom: number;
  /** How many things of the chosen truck's route, recent track and replayed day are on the map. */
  readonly shapes: { route: number; recent: number; replay: number };
  /** Pins of the board, and what is drawn of the booking that is looked at. */
  readonly bookings: { pins: number; chosen: number };
  /** Alerts that nobody has seen, things drawn of the one looked at, and how often it sounded. */
  readonly alerts: { unread: number; drawn: number; sounded: number };
  truck(id: string): DrawnTruck | null;
}

declare global {
  interface Window {
    __ubertruck?: ConsoleHook;
  }
}

export function exposeHook(
  fleet: Fleet,
  live: LiveConnection,
  view: MapView,
  events: EventsPanel,
  alerts: AlertDesk,
): void {
  window.__ubertruck = Object.freeze({
    get state() {
      return live.state.value;
    },
    get trucks() {
      return fleet.trucks.size;
    },
    get drawn() {
      return view.draw;
    },
    get bookings() {
      return view.bookings.shapes;
    },
    get events() {
      return events.count;
    },
    get alerts() {
      const [unread, drawn] = [alerts.unreadCount, view.evidence.count];
      return { unread, drawn, sounded: alerts.sound.played };
    },
    get first_drawn_ms() {
      return view.firstDrawnAtMs;
    },
    get shapes() {
      return view.chosen.shapes;
    },
    get zoom() {
      return view.map.getZoom();
    },
    truck(id: string): DrawnTruck | null {
      const truck = fleet.trucks.get(id);
      if (truck === undefined) return null;
      const { lat, lon } = view.drawnAt(truck);
      const fix = { lat: truck.lat, lon: truck.lon, ts_ms: truck.tsMs };
      return { id, lat, lon, fix, status: truck.status, heading_deg: truck.headingDeg };
    },
  });
}
