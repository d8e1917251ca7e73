import pytest

from rcontrol.config.renderers import shipped
from rcontrol.engines.registry import Engines
from rcontrol.errors import BadRequest

ENGINES = Engines(shipped())


def test_every_engine_is_found_by_its_name_and_its_extensions() -> None:
    for engine in ENGINES:
        assert ENGINES.named(engine.name) is engine
        for extension in engine.extensions:
            assert ENGINES.for_file(f"/mnt/shot{extension}") is engine
            assert ENGINES.for_file(f"/mnt/SHOT{extension.upper()}") is engine


def test_old_clients_call_blender_and_terragen_by_their_extensions() -> None:
    assert ENGINES.named("blend").extensions == (".blend",)
    assert ENGINES.named("tgd").extensions == (".tgd",)


@pytest.mark.parametrize("path", ["/mnt/shot", "/mnt/shot.blend1", "/mnt/shot.c4d", "/mnt/.blend"])
def test_an_unknown_extension_lists_what_is_known(path: str) -> None:
    known = r"blend \(\.blend\), tgd \(\.tgd\), maya \(\.ma \.mb\)"
    with pytest.raises(BadRequest, match=known) as refusal:
        ENGINES.for_file(path)
    assert refusal.value.field == "render_engine"


def test_an_unknown_name_lists_what_is_known() -> None:
    with pytest.raises(
        BadRequest, match=r"'c4d' is not known here; there is blend, tgd"
    ) as refusal:
        ENGINES.named("c4d")
    assert refusal.value.field == "render_engine"
