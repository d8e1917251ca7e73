"""Pictures as a node sees them: whole ones, and cut ones that must never pass."""

import itertools
import random
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from PIL import Image

from rcontrol.sessions import wire
from rcontrol.sessions.node_scripts import joined
from tests.fakes.need import need
from tests.scenes import blender
from tests.sessions.node import NODES, LocalNode

EXAMINE = joined("complete") + '\nfor f in "$@"; do examine "$f"; echo "$words"; done'

CODECS = """
import bpy, sys
folder = sys.argv[-1]
scene = bpy.context.scene
scene.render.engine = 'CYCLES'
scene.cycles.samples = 1
scene.cycles.use_denoising = False
scene.render.resolution_x, scene.render.resolution_y = 48, 70
scene.render.resolution_percentage = 100
settings = scene.render.image_settings
bpy.ops.render.render()
result = bpy.data.images['Render Result']
def save(name):
    result.save_render(folder + '/' + name)
for depth, codecs in (('32', 'NONE ZIP PIZ RLE ZIPS PXR24'), ('16', 'B44 B44A DWAA DWAB PIZ')):
    for codec in codecs.split():
        for kind in ('OPEN_EXR', 'OPEN_EXR_MULTILAYER'):
            settings.file_format = kind
            try:
                settings.color_depth = depth
                settings.exr_codec = codec
            except TypeError:
                continue
            save('{}_{}_{}.exr'.format(kind, depth, codec))
for kind, name in (('PNG', 'png'), ('JPEG', 'jpg'), ('TIFF', 'tif')):
    settings.file_format = kind
    save('blender.' + name)
"""


@pytest.fixture(params=NODES)
def node(request: pytest.FixtureRequest, tmp_path: Path) -> LocalNode:
    return LocalNode(request.param, tmp_path)


def examine(node: LocalNode, paths: Sequence[Path]) -> list[str]:
    words: list[str] = []
    for start in range(0, len(paths), 100):
        done = subprocess.run(
            ["sh", "-c", EXAMINE, "sh", *map(str, paths[start : start + 100])],
            env={**node.environment, "LC_ALL": "C"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr == ""
        words += done.stdout.splitlines()
    assert len(words) == len(paths)
    return words


def cut(path: Path, into: Path, pieces: int) -> Iterator[Path]:
    """Write beginnings of a picture: at its ends, and where chance decides."""
    whole = path.read_bytes()
    chance = random.Random(path.name)
    lengths = {1, 7, 8, 9, len(whole) - 1, len(whole) - 2, len(whole) - 12, len(whole) // 2}
    lengths |= {chance.randrange(1, len(whole)) for _ in range(pieces)}
    for length in sorted(lengths):
        made = into / f"{length:07d}_{path.name}"
        made.write_bytes(whole[:length])
        yield made


def pillow_pictures(folder: Path) -> list[Path]:
    noise = Image.effect_noise((90, 70), 60).convert("RGB")
    thumbnail = Image.effect_noise((16, 16), 60)
    thumbnail.save(folder / "thumbnail.jpg")
    noise.save(folder / "grey.png")
    noise.save(folder / "baseline.jpg")
    noise.save(folder / "progressive.jpg", progressive=True)
    # A comment that holds a whole picture with its end mark, as a preview in EXIF does.
    noise.save(folder / "preview.jpg", comment=(folder / "thumbnail.jpg").read_bytes())
    noise.save(folder / "raw.tif")
    noise.save(folder / "lzw.tif", compression="tiff_lzw")
    noise.save(folder / "deflate.tiff", compression="tiff_adobe_deflate")
    noise.save(folder / "big.tif", big_tiff=True)
    return sorted(folder.iterdir())


def test_whole_pictures_are_and_cut_ones_are_not(node: LocalNode, tmp_path: Path) -> None:
    whole, pieces = tmp_path / "whole", tmp_path / "pieces"
    whole.mkdir()
    pieces.mkdir()
    pictures = pillow_pictures(whole)
    assert examine(node, pictures) == ["ok"] * len(pictures)
    cuts = list(itertools.chain.from_iterable(cut(each, pieces, 12) for each in pictures))
    passed = [
        path.name for path, words in zip(cuts, examine(node, cuts), strict=True) if words == "ok"
    ]
    assert passed == []


def test_a_preview_with_an_end_of_its_own_is_no_picture(node: LocalNode, tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    pillow_pictures(tmp_path / "p")
    whole = (tmp_path / "p" / "preview.jpg").read_bytes()
    end = whole.index(b"\xff\xd9") + 2
    assert end < len(whole)
    piece = tmp_path / "piece.jpg"
    piece.write_bytes(whole[:end])
    assert examine(node, [piece]) != ["ok"]


@pytest.fixture(scope="module")
def blender_pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    need(None if blender() else "there is no blender here")
    folder = tmp_path_factory.mktemp("pictures")
    script = folder.parent / "codecs.py"
    script.write_text(CODECS)
    program = [blender(), "-b", "-noaudio", "--python-exit-code", "1", "--python", str(script)]
    done = subprocess.run([*program, "--", str(folder)], check=False, capture_output=True)
    assert done.returncode == 0, done.stdout.decode()[-2000:]
    return sorted(folder.iterdir())


def test_blenders_pictures(node: LocalNode, blender_pictures: list[Path], tmp_path: Path) -> None:
    assert sum(path.suffix == ".exr" for path in blender_pictures) > 8
    words = examine(node, blender_pictures)
    assert dict(zip(blender_pictures, words, strict=True)) == dict.fromkeys(blender_pictures, "ok")
    pieces = tmp_path / "pieces"
    pieces.mkdir()
    cuts = list(itertools.chain.from_iterable(cut(each, pieces, 4) for each in blender_pictures))
    passed = [
        path.name for path, words in zip(cuts, examine(node, cuts), strict=True) if words == "ok"
    ]
    assert passed == []


def test_an_exr_of_full_length_with_an_unwritten_chunk(
    node: LocalNode, blender_pictures: list[Path], tmp_path: Path
) -> None:
    source = next(path for path in blender_pictures if path.name == "OPEN_EXR_32_ZIP.exr")
    whole = source.read_bytes()
    first = next(
        at
        for at in range(8, len(whole))
        if int.from_bytes(whole[at : at + 8], "little") == at + 8 * 5 and whole[at - 1] == 0
    )
    holed = tmp_path / "holed.exr"
    holed.write_bytes(whole[: first + 8] + bytes(8) + whole[first + 16 :])
    assert examine(node, [holed]) == ["is incomplete: EXR chunk 1 of 5 is not written"]


def test_other_files_and_what_is_no_file(node: LocalNode, tmp_path: Path) -> None:
    empty, text, link, zeros = (tmp_path / n for n in ("e.png", "a.hdr", "l.png", "z.png"))
    empty.touch()
    text.write_text("anything")
    link.symlink_to(tmp_path / "nowhere")
    zeros.write_bytes(bytes(5000))
    assert examine(node, [empty, text, link, zeros, tmp_path, tmp_path / "none"]) == [
        "is empty",
        "ok",
        "is missing",
        "is incomplete: it does not begin like a picture",
        "is not a regular file",
        "is missing",
    ]


def test_a_name_may_say_something_else(node: LocalNode, tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "odd.exr", format="JPEG")
    assert examine(node, [tmp_path / "odd.exr"]) == ["ok"]


@pytest.mark.parametrize("name", ["a b", "line\nbreak\n", "%s\\0101", "ä", "'\"$(x)`", "-n", "*"])
def test_any_name_over_the_wire(node: LocalNode, tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    picture = folder / f"{name}.png"
    Image.new("RGB", (4, 4)).save(picture)
    node.start("cat")
    follower = node.attach()
    follower.send(wire.inspection("t1", str(picture)).decode("ascii").rstrip("\n"))
    follower.read(lambda: b"t1 ok\n" in follower.errors, "no answer")
    picture.unlink()
    follower.send(wire.inspection("t2", str(picture)).decode("ascii").rstrip("\n"))
    follower.read(lambda: b"t2 is missing\n" in follower.errors, "no answer")
    follower.detach()
    node.end("except")
