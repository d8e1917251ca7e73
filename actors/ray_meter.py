"""The farm's figures in Ray's metrics, beside those of the actors themselves."""

from collections import defaultdict

from ray.util.metrics import Counter, Gauge, Histogram

from rcontrol.farm.figures import FIGURES, FRAME_SECONDS, FRAME_SECONDS_HELP, Figure
from rcontrol.farm.tally import BOUNDS_S, NOTHING_YET
from rcontrol.farm.views import FarmView


class RayMeter:
    """Tells Ray of the farm whenever it is shown it. Ray puts `ray_` before every name."""

    def __init__(self) -> None:
        self._shown = [_Shown(figure) for figure in FIGURES]
        self._frame_seconds = _FrameSeconds()

    def __call__(self, farm: FarmView) -> None:
        """Take over the figures as they are now."""
        for shown in self._shown:
            shown.update(farm)
        self._frame_seconds.update(farm)


class _Shown:
    """One figure as Ray has been told of it."""

    def __init__(self, figure: Figure) -> None:
        self._figure = figure
        kind = Gauge if figure.kind == "gauge" else Counter
        self._metric: Gauge | Counter = kind(figure.name, figure.help, tag_keys=figure.labels)
        self._before: dict[tuple[str, ...], float] = defaultdict(float)

    def update(self, farm: FarmView) -> None:
        """Tell Ray what has changed; a gauge whose labels are gone becomes 0."""
        samples = {**dict.fromkeys(self._before, 0.0), **self._figure.read(farm)}
        for values, value in samples.items():
            tags = dict(zip(self._figure.labels, values, strict=True))
            if isinstance(self._metric, Gauge):
                self._metric.set(value, tags)
            elif value > self._before[values]:
                self._metric.inc(value - self._before[values], tags)
        self._before.update(samples)


class _FrameSeconds:
    """The histogram. Ray keeps nothing of an observation but its bucket; its sum is a guess."""

    def __init__(self) -> None:
        self._metric = Histogram(FRAME_SECONDS, FRAME_SECONDS_HELP, boundaries=list(BOUNDS_S))
        self._before = NOTHING_YET.by_seconds

    def update(self, farm: FarmView) -> None:
        """Observe in each bucket as many frames as have come."""
        now = farm.tally.by_seconds
        for bound, before, count in zip(
            (*BOUNDS_S, 2.0 * BOUNDS_S[-1]), self._before, now, strict=True
        ):
            for _ in range(count - before):
                self._metric.observe(bound)
        self._before = now
