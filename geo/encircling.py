"""The circle around a shape, for who needs a place and not its outline."""

from __future__ import annotations

import numpy as np
import shapely

from geo.point import Point, haversine_m
from geo.shapes import Area, Circle, Shape


def encircled(shape: Shape) -> Circle:
    """A circle that holds all of it; round the middle of its box, so not always the smallest."""
    if isinstance(shape, Circle):
        return shape
    if isinstance(shape, Area):
        lon, lat = shapely.get_coordinates(shape.geometry).T
        beside_m = 0.0
    else:
        lat = np.array([point.lat for point in shape.line])
        lon = np.unwrap([point.lon for point in shape.line], period=360.0)
        beside_m = shape.width_m / 2.0
    middle_lat = float(lat.min() + lat.max()) / 2.0
    middle_lon = float(lon.min() + lon.max()) / 2.0
    reach_m = haversine_m(middle_lat, middle_lon, lat, lon).max()
    center = Point(middle_lat, (middle_lon + 180.0) % 360.0 - 180.0)
    return Circle(center, float(reach_m) + beside_m)
