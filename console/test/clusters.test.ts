// Grouping: nothing lost, nothing doubled, singles where there is room.

import { describe, expect, it } from "vitest";
import { cluster, CLUSTER_BELOW_ZOOM, type Clusterable } from "../src/fleet/clusters";
import { mercatorX, mercatorY } from "../src/fleet/mercator";

function crowd(count: number, lat: number, lon: number, spread: number): Clusterable[] {
  return Array.from({ length: count }, (_, i) => ({
    x: mercatorX(lon + spread * Math.sin(i)),
    y: mercatorY(lat + spread * Math.cos(i * 1.7)),
    status: i % 4,
  }));
}

describe("cluster", () => {
  it("groups a depot and leaves a lonely truck alone", () => {
    const lonely = crowd(1, 28, 77, 0);
    const { clusters, singles } = cluster([...crowd(40, 19, 73, 0.01), ...lonely], 5);
    expect(clusters.map((c) => c.members.length)).toEqual([40]);
    expect(clusters[0]?.byStatus).toEqual([10, 10, 10, 10]);
    expect(singles).toEqual(lonely);
  });

  it.each([3, 5.5, 8])("accounts for every truck once at zoom %d", (zoom) => {
    const trucks = crowd(5_000, 22, 78, 8);
    const { clusters, singles } = cluster(trucks, zoom);
    const all = [...singles, ...clusters.flatMap((c) => c.members)];
    expect(all.length).toBe(trucks.length);
    expect(new Set(all).size).toBe(trucks.length);
    for (const c of clusters) expect(c.byStatus.reduce((a, b) => a + b)).toBe(c.members.length);
  });

  it("stops grouping when zoomed in", () => {
    const trucks = crowd(40, 19, 73, 0.0001);
    expect(cluster(trucks, CLUSTER_BELOW_ZOOM).singles.length).toBe(40);
  });

  it("groups 10 000 trucks well within one frame", () => {
    const trucks = crowd(10_000, 22, 78, 8);
    cluster(trucks, 5);
    const start = performance.now();
    cluster(trucks, 5);
    expect(performance.now() - start).toBeLessThan(50);
  });
});
