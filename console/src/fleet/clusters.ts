// Groups crowded trucks for zoomed-out maps: a fixed grid over the world, then neighbours merge.

import { worldPx } from "./mercator";

export const CLUSTER_BELOW_ZOOM = 10;
// A small fleet is grouped only where its trucks would cover each other, a large one sooner.
const CROWD = 1_000;
const CELL_PX = { few: 40, crowd: 64 };
const MERGE_PART = 0.8;
// Fewer than this in one place stay visible as trucks.
export const CLUSTER_MIN = 4;

export interface Clusterable {
  x: number;
  y: number;
  status: number;
}

export interface Cluster<T> {
  /** The grid cell it grew from: stable while the map pans and the trucks move. */
  key: string;
  x: number;
  y: number;
  byStatus: number[];
  members: T[];
}

/** Splits trucks into clusters and those drawn on their own. */
export function cluster<T extends Clusterable>(
  trucks: T[],
  zoom: number,
): { clusters: Cluster<T>[]; singles: T[] } {
  if (zoom >= CLUSTER_BELOW_ZOOM) return { clusters: [], singles: trucks };
  const size = worldPx(zoom);
  const cellPx = trucks.length < CROWD ? CELL_PX.few : CELL_PX.crowd;
  const cells = new Map<number, Cluster<T>>();
  const columns = Math.ceil(size / cellPx);
  for (const truck of trucks) {
    const column = Math.floor((truck.x * size) / cellPx);
    const row = Math.floor((truck.y * size) / cellPx);
    const index = row * columns + column;
    const cell = cells.get(index);
    if (cell === undefined) cells.set(index, seed(`${zoom}/${column}/${row}`, truck));
    else join(cell, truck);
  }
  return sift(merge(cells, columns, (cellPx * MERGE_PART) / size));
}

function seed<T extends Clusterable>(key: string, truck: T): Cluster<T> {
  const byStatus = [0, 0, 0, 0];
  byStatus[truck.status] = 1;
  return { key, x: truck.x, y: truck.y, byStatus, members: [truck] };
}

function join<T extends Clusterable>(cell: Cluster<T>, truck: T): void {
  cell.members.push(truck);
  const n = cell.members.length;
  cell.x += (truck.x - cell.x) / n;
  cell.y += (truck.y - cell.y) / n;
  cell.byStatus[truck.status] = (cell.byStatus[truck.status] ?? 0) + 1;
}

/** Large cells swallow neighbours whose middle lies too close to be told apart on screen. */
function merge<T extends Clusterable>(
  cells: Map<number, Cluster<T>>,
  columns: number,
  apartMin: number,
): Cluster<T>[] {
  const bySize = [...cells].sort((a, b) => b[1].members.length - a[1].members.length);
  const around = [-columns - 1, -columns, 1 - columns, -1, 1, columns - 1, columns, columns + 1];
  const taken = new Set<number>();
  const kept: Cluster<T>[] = [];
  for (const [index, cell] of bySize) {
    if (taken.has(index)) continue;
    taken.add(index);
    for (const step of around) {
      const other = cells.get(index + step);
      if (other === undefined || taken.has(index + step)) continue;
      if (Math.hypot(other.x - cell.x, other.y - cell.y) >= apartMin) continue;
      taken.add(index + step);
      absorb(cell, other);
    }
    kept.push(cell);
  }
  return kept;
}

function absorb<T>(cell: Cluster<T>, other: Cluster<T>): void {
  const n = cell.members.length;
  const m = other.members.length;
  cell.x = (cell.x * n + other.x * m) / (n + m);
  cell.y = (cell.y * n + other.y * m) / (n + m);
  for (const truck of other.members) cell.members.push(truck);
  other.byStatus.forEach((count, status) => {
    cell.byStatus[status] = (cell.byStatus[status] ?? 0) + count;
  });
}

function sift<T>(cells: Cluster<T>[]): { clusters: Cluster<T>[]; singles: T[] } {
  const clusters: Cluster<T>[] = [];
  const singles: T[] = [];
  for (const cell of cells) {
    if (cell.members.length >= CLUSTER_MIN) clusters.push(cell);
    else singles.push(...cell.members);
  }
  return { clusters, singles };
}
