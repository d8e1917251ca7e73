"""The farm's figures in the formats that Prometheus reads."""

from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from rcontrol.farm.figures import FIGURES, FRAME_SECONDS, FRAME_SECONDS_HELP
from rcontrol.farm.tally import BOUNDS_S, Tally
from rcontrol.farm.views import FarmView

FAMILIES = {"gauge": GaugeMetricFamily, "counter": CounterMetricFamily}


def exposition(farm: FarmView, accept: str) -> tuple[bytes, str]:
    """Return the figures and their media type, by what the `Accept` header asks for."""
    registry = CollectorRegistry()
    registry.register(_Figures(farm))
    encode, media_type = choose_encoder(accept)
    return encode(registry), media_type


class _Figures(Collector):
    def __init__(self, farm: FarmView) -> None:
        self._farm = farm

    def collect(self) -> Iterator[Metric]:
        for figure in FIGURES:
            family = FAMILIES[figure.kind](figure.name, figure.help, labels=figure.labels)
            for values, value in figure.read(self._farm).items():
                family.add_metric(values, value)
            yield family
        yield _frame_seconds(self._farm.tally)


def _frame_seconds(tally: Tally) -> Metric:
    bounds = [*map(floatToGoString, BOUNDS_S), "+Inf"]
    buckets = list(zip(bounds, accumulate(tally.by_seconds), strict=True))
    return HistogramMetricFamily(
        FRAME_SECONDS, FRAME_SECONDS_HELP, buckets=buckets, sum_value=tally.seconds
    )
