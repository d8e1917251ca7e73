import pytest

from rcontrol.engines.registry import ENGINES, engine_for, engine_named
from rcontrol.errors import BadRequest


def test_every_engine_is_found_by_its_name_and_its_extensions() -> None:
    for name, engine in ENGINES.items():
        assert engine.name == name
        assert engine_named(name) is engine
        for extension in engine.extensions:
            assert engine_for(f"/mnt/shot{extension}") is engine
            assert engine_for(f"/mnt/SHOT{extension.upper()}") is engine


@pytest.mark.parametrize("path", ["/mnt/shot", "/mnt/shot.blend1", "/mnt/shot.ma", "/mnt/.blend"])
def test_an_unknown_extension_lists_what_is_known(path: str) -> None:
    with pytest.raises(BadRequest, match=r"blend \(\.blend\)") as refusal:
        engine_for(path)
    assert refusal.value.field == "render_engine"


def test_an_unknown_name_lists_what_is_known() -> None:
    with pytest.raises(BadRequest, match=r"'maya' is not known here; there is blend") as refusal:
        engine_named("maya")
    assert refusal.value.field == "render_engine"
