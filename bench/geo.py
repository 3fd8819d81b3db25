"""How fast fences are found: cells against shapely's tree and a plain loop, and against truth."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import time
from collections.abc import Callable, Sequence

import h3ronpy.vector
import numpy as np
import numpy.typing as npt
import shapely

from actors.garbage import settle
from bench import geo_postgis, geo_rules
from bench.geo_truth import compare
from bench.geo_world import Floats, driving, random_points, sites
from bench.report import Report
from config.policy import defaults
from geo.fences import FenceIndex, compile_shape
from geo.shapes import Area

SEED = 7
FENCES = (500, 5_000, 50_000)
BATCHES = (1, 64, 256, 1_024)
VERTICES = (16, 500)
POINTS = 40_000
# What is asked of the time against STRtree's, and of the plain loop's.
TREE_SHARE_MAX = 0.5
TREE_SHARE_MAX_ELSEWHERE = 1.5
LOOP_TIMES_MIN = 20.0
RULES_US_MAX = 6.0
RULES_BATCH_MIN = 256
RULES_FENCES = 5_000
RULES_ROUNDS = 3
POSTGIS_TIMES_MIN = 10.0
POSTGIS_FENCES = 5_000
POSTGIS_BATCHES = 40
ROUNDS = 9
BATCHES_TIMED_MAX = 400
BATCHES_A_TURN = 20
LOOP_POINTS = 20
CHANGES = 200
H3_RESOLUTION = 7

Work = Callable[[int], object]
Pairs = npt.NDArray[np.int64]


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--fences", type=int, action="append", help="500, 5 000 and 50 000")
    parser.add_argument("--vertices", type=int, action="append", help="16 and 500")
    parser.add_argument("--points", type=int, default=POINTS)
    parser.add_argument(
        "--oracle", type=int, default=20_000, metavar="PAIRS", help="pairs to ask brute force about"
    )


def run(args: argparse.Namespace) -> Report:
    report = Report("geo")
    streams = {
        "driving": driving(args.points, SEED),
        "random": random_points(args.points, SEED),
    }
    for vertices in args.vertices or VERTICES:
        for count in args.fences or FENCES:
            _measure(report, count, vertices, streams)
    _growth(report, args.vertices or VERTICES, args.fences or FENCES)
    lat, lon = streams["driving"]
    cell_us = _best_us([lambda _: h3ronpy.vector.coordinates_to_cells(lat, lon, H3_RESOLUTION)], 1)
    report.add("h3.cell_us", cell_us[0] / len(lat))
    report.note("h3.cell_us is what only naming the H3 cell of a point costs, in one large batch")
    compared = compare(args.oracle, SEED)
    report.add("oracle.pairs", float(compared.pairs))
    report.add("oracle.wrong", float(len(compared.wrong)), at_most=0.0)
    _rules(report)
    _against_postgis(report, args.vertices or VERTICES, streams["driving"])
    return report


def _measure(report: Report, count: int, vertices: int, streams: dict[str, Floats]) -> None:
    shapes = sites(count, vertices, SEED)
    tree = shapely.STRtree(shapes)
    name = f"{count}x{vertices}"
    began = time.process_time()
    index = FenceIndex()
    for number, shape in enumerate(shapes):
        index.put(number, compile_shape(Area(shape)))
    report.add(f"{name}.compile_us", (time.process_time() - began) / count * 1e6)
    report.add(f"{name}.change_us", _change_us(index, shapes))
    report.add(f"{name}.bytes_per_fence", index.nbytes / count)
    for stream, points in streams.items():
        wrong = _differences(index, tree, points)
        report.add(f"{name}.{stream}.differ_from_tree", float(wrong), at_most=0.0)
        asked = stream == "driving" or vertices >= VERTICES[-1]
        for batch in BATCHES:
            ours, trees = _best_us(_asking(index, tree, points, batch), points.shape[1] // batch)
            report.add(
                f"{name}.{stream}.batch_{batch}_us",
                ours / batch,
                floor=trees / batch,
                ratio_at_most=TREE_SHARE_MAX if asked else TREE_SHARE_MAX_ELSEWHERE,
            )
    _against_loop(report, name, index, shapes, streams["driving"])


def _asking(
    index: FenceIndex, tree: shapely.STRtree, points: Floats, batch: int
) -> tuple[Work, Work]:
    lat, lon = points

    def ours(i: int) -> object:
        part = slice(i * batch, (i + 1) * batch)
        return index.holding(lat[part], lon[part])

    def trees(i: int) -> object:
        part = slice(i * batch, (i + 1) * batch)
        return tree.query(shapely.points(lon[part], lat[part]), predicate="intersects")

    return ours, trees


def _best_us(works: Sequence[Work], available: int) -> list[float]:
    """Time of each work a call: the best of each batch, in turns of some batches, so that others
    on the machine weigh on both alike and on neither for long.
    """
    calls = min(available, BATCHES_TIMED_MAX)
    taken = np.empty((len(works), ROUNDS, calls))
    for turn, first in itertools.product(range(ROUNDS), range(0, calls, BATCHES_A_TURN)):
        for which, work in enumerate(works):
            for call in range(first, min(first + BATCHES_A_TURN, calls)):
                began = time.perf_counter_ns()
                work(call)
                taken[which, turn, call] = time.perf_counter_ns() - began
    return (taken.min(axis=1).mean(axis=1) / 1_000.0).tolist()  # type: ignore[no-any-return]


def _differences(index: FenceIndex, tree: shapely.STRtree, points: Floats) -> int:
    lat, lon = points
    ours = np.stack(index.holding(lat, lon))
    theirs = tree.query(shapely.points(lon, lat), predicate="intersects")
    width = len(index) + 1
    return len(np.setxor1d(ours[0] * width + ours[1], theirs[0] * width + theirs[1]))


def _change_us(index: FenceIndex, shapes: list[shapely.Polygon]) -> float:
    """One fence redrawn among all the others, in processor time."""
    began = time.process_time()
    for number in range(min(CHANGES, len(shapes))):
        index.put(number, compile_shape(Area(shapes[number])))
    return (time.process_time() - began) / min(CHANGES, len(shapes)) * 1e6


def _against_loop(
    report: Report, name: str, index: FenceIndex, shapes: list[shapely.Polygon], points: Floats
) -> None:
    lat, lon = points
    some = [shapely.Point(x, y) for y, x in zip(lat[:LOOP_POINTS], lon[:LOOP_POINTS], strict=True)]
    began = time.perf_counter()
    for point in some:
        [i for i, shape in enumerate(shapes) if shape.intersects(point)]
    loop_us = (time.perf_counter() - began) / LOOP_POINTS * 1e6
    (ours,) = _best_us([_asking(index, shapely.STRtree([]), points, BATCHES[-2])[0]], 20)
    times = loop_us / (ours / BATCHES[-2])
    report.add(f"{name}.times_faster_than_a_loop", times, at_least=LOOP_TIMES_MIN)


def _rules(report: Report) -> None:
    """The whole rule set, every truck on a route of 500 points, in the shards' own fold."""
    around = geo_rules.world(RULES_FENCES, VERTICES[0], SEED)
    fixes = geo_rules.stream(SEED)
    settle(defaults().api.collect_after_objects)  # as a shard does
    for batch in BATCHES[1:]:
        costs = [geo_rules.measure(around, fixes, batch) for _ in range(RULES_ROUNDS)]
        best = min(costs, key=lambda cost: cost.us_a_fix)
        asked = RULES_US_MAX if batch >= RULES_BATCH_MIN else None
        report.add(f"rules.batch_{batch}_us", best.us_a_fix, at_most=asked)
        report.add(f"rules.batch_{batch}_quiet_share", best.quiet_share)


def _against_postgis(report: Report, vertices: Sequence[int], points: Floats) -> None:
    """In batches of 256, which spare PostGIS the most of its round trips that we spare us."""
    batch, lat_lon = BATCHES[-2], points[:, : BATCHES[-2] * POSTGIS_BATCHES]
    with geo_postgis.running() as folder:
        for corners in vertices:
            shapes = sites(POSTGIS_FENCES, corners, SEED)
            name = f"{POSTGIS_FENCES}x{corners}.postgis"
            theirs_us, found = asyncio.run(
                geo_postgis.measure(folder, shapes, lat_lon, batch, POSTGIS_BATCHES)
            )
            index = FenceIndex({i: compile_shape(Area(s)) for i, s in enumerate(shapes)})
            asking = _asking(index, shapely.STRtree([]), lat_lon, batch)[0]
            (ours_us,) = _best_us([asking], POSTGIS_BATCHES)
            mine = zip(*(pairs.tolist() for pairs in index.holding(*lat_lon)), strict=True)
            report.add(f"{name}_us", theirs_us)
            report.add(f"{name}.differ", float(len(found ^ set(mine))), at_most=0.0)
            report.add(
                f"{name}.times_faster", theirs_us / (ours_us / batch), at_least=POSTGIS_TIMES_MIN
            )


def _growth(report: Report, vertices: Sequence[int], fences: Sequence[int]) -> None:
    """How much dearer a point is among the most fences than among the fewest."""
    figures = {row.name: row.value for row in report.rows}
    for corners in vertices:
        for stream in ("driving", "random"):
            few, many = (
                figures[f"{count}x{corners}.{stream}.batch_256_us"]
                for count in (min(fences), max(fences))
            )
            report.add(f"growth.x{corners}.{stream}", many / few)
