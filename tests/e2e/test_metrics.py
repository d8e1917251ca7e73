"""A real farm's figures: at the server, and in Ray's metrics."""

import json
from contextlib import suppress
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.server import Server, until
from tests.scenes import build_scene


def figures(text: str) -> dict[str, float]:
    """Return `name label-values` -> value of what is the farm's."""
    return {
        " ".join([sample.name.removeprefix("ray_"), *_own(sample.labels)]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if "rcontrol_" in sample.name
    }


def _own(labels: dict[str, str]) -> list[str]:
    return [labels[name] for name in ("status", "node", "state", "blame", "le") if name in labels]


def test_the_server_and_ray_show_the_same_figures(server: Server, base: Path) -> None:
    scene = build_scene(base / "metrics" / "cube.blend")
    job = server.submit(scene, 1, 4, name="measured")
    server.get(f"/job/start/{job}")
    server.wait(job)

    def shown() -> dict[str, float]:
        return figures(server.http.get("/metrics").text)

    until(lambda: shown()["rcontrol_frames_rendering"] == 0, why="it still renders")
    ours = shown()
    assert ours["rcontrol_jobs Finished"] == 1
    assert ours["rcontrol_frames_done_total"] == 4
    assert ours["rcontrol_frame_seconds_count"] == 4
    assert ours["rcontrol_frame_seconds_sum"] > 0
    assert ours["rcontrol_node_state hex1 online"] == 1

    folder = json.loads((server.work / "ray-processes.json").read_text())["folder"]
    found = json.loads((Path(folder) / "prom_metrics_service_discovery.json").read_text())
    targets = [target for group in found for target in group["targets"]]
    assert all(target.startswith("127.0.0.1:") for target in targets)

    def rays() -> dict[str, float]:
        texts = []
        for target in targets:
            # Ray's agent may not listen yet.
            with suppress(httpx.TransportError):
                texts.append(httpx.get(f"http://{target}/metrics", trust_env=False).text)
        return figures("\n".join(texts))

    def same() -> bool:
        """Ray shows no counter before it counts, and estimates a histogram's sum."""
        theirs, now = rays(), shown()
        told = [name for name in now if now[name] and not name.endswith("_sum")]
        return bool(told) and all(theirs.get(name) == now[name] for name in told)

    until(same, why=lambda: f"ours: {shown()}\nRay's: {rays()}")
