// Tells the edges of polygons apart: of one alone, between two, or shared with a given one.

type Edge = [GeoJSON.Position, GeoJSON.Position];

export interface Outlines {
  outer: GeoJSON.MultiLineString;
  inner: GeoJSON.MultiLineString;
}

/** States share their corners exactly, so an edge seen twice lies between two of them. */
export function outlines(states: GeoJSON.FeatureCollection): Outlines {
  const seen = new Map<string, { edge: Edge; times: number }>();
  for (const edge of edgesOf(states)) {
    const key = edgeKey(edge);
    const known = seen.get(key);
    if (known === undefined) seen.set(key, { edge, times: 1 });
    else known.times += 1;
  }
  const outer: Edge[] = [];
  const inner: Edge[] = [];
  for (const { edge, times } of seen.values()) (times === 1 ? outer : inner).push(edge);
  return { outer: lines(outer), inner: lines(inner) };
}

/** The edges that one feature, by its id, has in common with any other. */
export function edgesSharedWith(
  world: GeoJSON.FeatureCollection,
  id: string,
): GeoJSON.MultiLineString {
  const own = new Set<string>();
  for (const { properties, geometry } of world.features) {
    if (properties?.["id"] === id) for (const edge of edgesIn(geometry)) own.add(edgeKey(edge));
  }
  const shared: Edge[] = [];
  for (const { properties, geometry } of world.features) {
    if (properties?.["id"] === id) continue;
    for (const edge of edgesIn(geometry)) if (own.has(edgeKey(edge))) shared.push(edge);
  }
  return lines(shared);
}

function* edgesOf(polygons: GeoJSON.FeatureCollection): Generator<Edge> {
  for (const { geometry } of polygons.features) yield* edgesIn(geometry);
}

function* edgesIn(geometry: GeoJSON.Geometry): Generator<Edge> {
  const polygons =
    geometry.type === "MultiPolygon"
      ? geometry.coordinates
      : geometry.type === "Polygon"
        ? [geometry.coordinates]
        : [];
  for (const ring of polygons.flat()) {
    for (let i = 1; i < ring.length; i += 1) {
      yield [ring[i - 1] as GeoJSON.Position, ring[i] as GeoJSON.Position];
    }
  }
}

function edgeKey([a, b]: Edge): string {
  const [from, to] = [a.join(), b.join()];
  return from < to ? `${from} ${to}` : `${to} ${from}`;
}

function lines(coordinates: Edge[]): GeoJSON.MultiLineString {
  return { type: "MultiLineString", coordinates };
}
