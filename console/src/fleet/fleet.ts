// The trucks the feed has told us about: frames in, last known state and movement out.

import { GONE, type PositionsFrame, STATUS, tenths } from "../live/frame";
import { Signal } from "../signal";
import { mercatorX, mercatorY } from "./mercator";
import { headFor, type Motion, resting } from "./motion";

// A fix sent again is told by whole milliseconds of age, so its time comes out a little different.
const SAME_FIX_MS = 2;

export interface Truck {
  id: string;
  lat: number;
  lon: number;
  /** Device time of the last fix. */
  tsMs: number;
  speedKmh: number | null;
  headingDeg: number | null;
  status: number;
  motion: Motion;
}

export interface Counts {
  total: number;
  byStatus: [unknown: number, moving: number, stopped: number, offline: number];
}

export class Fleet {
  readonly trucks = new Map<string, Truck>();
  readonly changed = new Signal<void>();
  /** Server clock minus ours, from the last frame: ages are told by the server's clock. */
  clockOffsetMs = 0;
  private names = new Map<number, string>();
  /** Whether a first picture has arrived. */
  settled = false;

  /** A new connection gives out new handles; the trucks stay until its first frame. */
  restart(): void {
    this.names = new Map();
  }

  /** As they are typed, whatever the case of the letters. */
  idsLike(text: string, most: number): string[] {
    const wanted = text.toLowerCase();
    const found: string[] = [];
    for (const id of this.trucks.keys()) {
      if (id.toLowerCase().includes(wanted)) found.push(id);
      if (found.length === most) break;
    }
    return found;
  }

  apply(frame: PositionsFrame, nowMs: number): void {
    for (const [handle, id] of frame.names) this.names.set(handle, id);
    this.clockOffsetMs = frame.baseTsMs - Date.now();
    const seen = frame.full ? new Set<string>() : null;
    for (let i = 0; i < frame.count; i += 1) {
      const id = this.names.get(frame.handle[i] ?? -1);
      if (id === undefined) continue;
      if (frame.status[i] === GONE) {
        this.trucks.delete(id);
      } else {
        this.applyRow(id, frame, i, nowMs);
        seen?.add(id);
      }
    }
    if (seen !== null) {
      for (const id of this.trucks.keys()) if (!seen.has(id)) this.trucks.delete(id);
    }
    this.settled = true;
    this.changed.emit();
  }

  ageMs(truck: Truck): number {
    return Math.max(0, Date.now() + this.clockOffsetMs - truck.tsMs);
  }

  counts(isCounted: (truck: Truck) => boolean): Counts {
    const counts: Counts = { total: 0, byStatus: [0, 0, 0, 0] };
    for (const truck of this.trucks.values()) {
      if (!isCounted(truck)) continue;
      counts.total += 1;
      counts.byStatus[truck.status] = (counts.byStatus[truck.status] ?? 0) + 1;
    }
    return counts;
  }

  private applyRow(id: string, frame: PositionsFrame, row: number, nowMs: number): void {
    const tsMs = frame.baseTsMs - (frame.ageMs[row] ?? 0);
    const known = this.trucks.get(id);
    const status = Math.min(frame.status[row] ?? 0, STATUS.offline);
    if (known !== undefined && tsMs - known.tsMs < SAME_FIX_MS) {
      // Late or repeated: it may change what we call the truck, never where it is.
      known.status = status;
      return;
    }
    const lat = (frame.latE7[row] ?? 0) / 1e7;
    const lon = (frame.lonE7[row] ?? 0) / 1e7;
    const x = mercatorX(lon);
    const y = mercatorY(lat);
    const motion =
      known === undefined
        ? resting(x, y, nowMs)
        : headFor(known.motion, x, y, tsMs - known.tsMs, nowMs);
    const headingDeg = tenths(frame.headingDdeg[row]) ?? known?.headingDeg ?? null;
    const speedKmh = tenths(frame.speedDkmh[row]);
    this.trucks.set(id, { id, lat, lon, tsMs, speedKmh, headingDeg, status, motion });
  }
}
