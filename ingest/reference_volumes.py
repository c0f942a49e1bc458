"""What points.csv says of the gas volume that a standard allows a tonne of product: what stands in the way of forming means at it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ingest.csv_tables import Fault, unknown
from ingest.registry import Point

PRODUCT_UNIT = "t/h"


def volume_faults(
    file: str, line: int, point: Point, own: set[str], units: Mapping[tuple[str, str], set[str]]
) -> Iterator[Fault]:
    """Tell what stands in the way of bringing a point's hours to a reference gas volume."""
    volume, product = point.reference_volume_m3_t, point.product_factor
    if volume is None and not product:
        return
    if volume is None:
        told = "the point has no reference_volume_m3_t, so nothing is converted by its production"
        yield Fault(file, line, "product_factor", product, told, "fill in both, or empty this one")
        return
    shown = str(volume)
    if not product:
        told = "without the production nothing is converted by a reference gas volume"
        yield Fault(file, line, "product_factor", "", told, f"name the point in {PRODUCT_UNIT}, or empty reference_volume_m3_t")
    elif product not in own - {point.factor}:
        yield unknown(file, line, "product_factor", product, f"{file} of this source", own - {point.factor})
    elif units[point.source, product] - {PRODUCT_UNIT}:
        told = f"its unit is {', '.join(sorted(units[point.source, product]))}, a reference gas volume needs {PRODUCT_UNIT}"
        yield Fault(
            file, line, "product_factor", product, told, f"give that point a multiplier to {PRODUCT_UNIT} and that unit"
        )
    if not point.flow_factor:
        told = "without a flow nothing is converted by a reference gas volume"
        yield Fault(file, line, "flow_factor", "", told, "name the flow's point, or empty reference_volume_m3_t")
    if point.reference_o2_pct is not None:
        told = f"the point has a reference oxygen too ({point.reference_o2_pct} %), and a limit holds at one of them"
        yield Fault(file, line, "reference_volume_m3_t", shown, told, "empty one of the two cells")
    if point.calibrated_high is not None:
        told = "what was calibrated (QAL2) is held against averages of the half-hour, and none are formed at a reference gas volume"
        yield Fault(file, line, "calibrated_high", str(point.calibrated_high), told, "empty one of the two cells")
    if not point.unit.endswith("/m3"):
        told = f"values in {point.unit} are no mass of a volume of gas: mg/m3 is"
        yield Fault(file, line, "reference_volume_m3_t", shown, told, "empty the cell, or give the point a multiplier to mg/m3")
