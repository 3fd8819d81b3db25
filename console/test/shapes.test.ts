// Fences and outlines as the map will draw them.

import { describe, expect, it } from "vitest";
import { metresPerPx } from "../src/fleet/mercator";
import { edgesSharedWith, outlines } from "../src/map/outlines";
import { outline } from "../src/map/shapes";

const named = { id: "f1", name: "Yard" };

describe("outline", () => {
  it("passes polygons on", () => {
    const shape = {
      type: "Polygon",
      coordinates: [
        [
          [0, 0],
          [1, 0],
          [1, 1],
          [0, 0],
        ],
      ],
    };
    expect(outline({ ...named, shape })?.geometry).toEqual(shape);
  });

  it("draws a circle true to its radius away from the equator", () => {
    const shape = { center: { lat: 28, lon: 77 }, radius_m: 10_000 };
    const geometry = outline({ ...named, shape })?.geometry as GeoJSON.Polygon;
    const ring = geometry.coordinates[0]!;
    const east = Math.max(...ring.map((p) => p[0]!)) - 77;
    const north = Math.max(...ring.map((p) => p[1]!)) - 28;
    expect(north * 111_195).toBeCloseTo(10_000, -2);
    expect(east * 111_195 * Math.cos((28 * Math.PI) / 180)).toBeCloseTo(10_000, -2);
    expect(ring[0]).toEqual(ring.at(-1));
  });

  it.each([
    [
      [
        { lat: 19, lon: 73 },
        { lat: 18, lon: 74 },
      ],
    ],
    [
      [
        [73, 19],
        [74, 18],
      ],
    ],
    [
      {
        type: "LineString",
        coordinates: [
          [73, 19],
          [74, 18],
        ],
      },
    ],
  ])("keeps a corridor a line with a width, however its points are written", (line) => {
    const feature = outline({ ...named, shape: { line, width_m: 400 } });
    expect(feature?.geometry).toEqual({
      type: "LineString",
      coordinates: [
        [73, 19],
        [74, 18],
      ],
    });
    const px0 = feature?.properties?.["px0"] as number;
    expect(px0 * 2 ** 12 * metresPerPx(19, 12)).toBeCloseTo(400, 6);
  });

  it("does not guess at a shape it does not know", () => {
    expect(outline({ ...named, shape: { hexagon: 1 } })).toBeNull();
  });
});

describe("outlines", () => {
  const square = (x: number): GeoJSON.Feature => ({
    type: "Feature",
    properties: { id: `S${x}` },
    geometry: {
      type: "Polygon",
      coordinates: [
        [
          [x, 0],
          [x + 1, 0],
          [x + 1, 1],
          [x, 1],
          [x, 0],
        ],
      ],
    },
  });
  const row = { type: "FeatureCollection" as const, features: [0, 1, 2].map(square) };

  it("tells the edge between two states from the edge of the country", () => {
    const { outer, inner } = outlines(row);
    expect(inner.coordinates.length).toBe(2);
    expect(outer.coordinates.length).toBe(8);
  });

  it("finds what one shares with its neighbours", () => {
    expect(edgesSharedWith(row, "S0").coordinates).toEqual([
      [
        [1, 1],
        [1, 0],
      ],
    ]);
    expect(edgesSharedWith(row, "S1").coordinates.length).toBe(2);
  });
});
