"""Thumbnails of rendered frames."""

import asyncio
import io
import os
from pathlib import Path

import numpy as np
import OpenImageIO
import pytest
from PIL import Image

from rcontrol.errors import StorageError
from rcontrol.farm.model import JobId
from rcontrol.gateway import JobRequest
from rcontrol.storage import Storage
from rcontrol.web import pictures as module
from rcontrol.web.pictures import Pictures
from rcontrol.web.problems import Problem
from rcontrol.web.thumbnail import thumbnail
from tests.fakes.farm import FakeFarm
from tests.web.conftest import ORDER, Api

ORANGE = (0.5, 0.2, 0.1)
CODED = (128, 51, 26)
"""As a file of eight bits holds it."""
LIT = (188, 124, 89)
"""As a screen shows that much light."""


def made(path: Path, form: str, channels: tuple[str, ...] = ("R", "G", "B")) -> bytes:
    """An orange picture of 640 x 360, whatever its format calls its channels."""
    spec = OpenImageIO.ImageSpec(640, 360, len(channels), form)
    spec.channelnames = channels
    image = OpenImageIO.ImageBuf(spec)
    colours = dict(zip("RGB", ORANGE, strict=True)) | {"A": 1.0, "Z": float("nan")}
    OpenImageIO.ImageBufAlgo.fill(image, tuple(colours[name[-1]] for name in channels))
    assert image.write(str(path)), image.geterror()
    return path.read_bytes()


LAYERS = tuple(f"ViewLayer.{name}" for name in ("Depth.Z", "Combined.B", "Combined.G"))


@pytest.mark.parametrize(
    ("name", "form", "channels", "colour"),
    [
        ("a.png", "uint8", ("R", "G", "B"), CODED),
        ("a.png", "uint16", ("R", "G", "B", "A"), CODED),
        ("a.jpg", "uint8", ("R", "G", "B"), CODED),
        ("a.tif", "uint16", ("R", "G", "B"), CODED),
        ("a.exr", "half", ("R", "G", "B", "A"), LIT),
        ("a.exr", "float", (*LAYERS, "ViewLayer.Combined.R", "ViewLayer.Combined.A"), LIT),
    ],
)
def test_a_picture_of_each_kind(
    tmp_path: Path, name: str, form: str, channels: tuple[str, ...], colour: tuple[int, int, int]
) -> None:
    image = Image.open(io.BytesIO(thumbnail(made(tmp_path / name, form, channels), 256)))
    assert image.size == (256, 144)
    found = image.convert("RGB").getpixel((100, 100))
    assert isinstance(found, tuple)
    assert max(abs(a - b) for a, b in zip(found, colour, strict=True)) <= 4, found


def test_a_grey_picture_is_shown_and_a_small_one_is_not_enlarged(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    Image.fromarray(np.full((20, 30), 40000, np.uint16)).save(file)
    image = Image.open(io.BytesIO(thumbnail(file.read_bytes(), 256)))
    assert image.size == (30, 20)
    assert image.convert("L").getpixel((3, 3)) == pytest.approx(156, abs=2)


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.exr"])
def test_half_a_picture_is_refused(tmp_path: Path, name: str) -> None:
    data = made(tmp_path / name, "half" if name == "a.exr" else "uint8")
    for cut in (5, len(data) // 3):
        with pytest.raises(ValueError, match=r"\w"):
            thumbnail(data[:cut], 256)


@pytest.mark.parametrize("data", [b"", b"BLENDER", b"<svg/>", b"#!/bin/sh"])
def test_other_files_are_not_even_opened(data: bytes) -> None:
    with pytest.raises(ValueError, match="neither PNG, JPEG, EXR nor TIFF"):
        thumbnail(data, 256)


@pytest.fixture
def done(api: Api, farm: FakeFarm, base: Path) -> JobId:
    """A job whose first frame is done, its picture in the base directory."""
    made(base / "f.png", "uint8")
    farm.picture_of = str(base / "f.png")
    order = {**ORDER, "end_frame": 9, "nodes": ["hex1"]}
    job = api.post("/job/new", json=order).json()["job_id"]
    api.post(f"/job/start/{job}")
    assert farm.finish("hex1") == 1
    return JobId(job)


def test_a_frame_over_http(api: Api, done: JobId) -> None:
    answer = api.get(f"/job/picture/{done}/1")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
    assert Image.open(io.BytesIO(answer.content)).size == (640, 360)
    small = api.get(f"/job/thumbnail/{done}/1")
    assert Image.open(io.BytesIO(small.content)).size == (256, 144)
    etag = {"if-none-match": answer.headers["etag"]}
    assert api.get(f"/job/picture/{done}/1", headers=etag).status_code == 304


@pytest.mark.parametrize(
    ("frame", "status", "message"),
    [
        ("2", 404, "No picture"),
        ("77", 404, "Frame not found"),
        ("x", 400, "Missing required data"),
    ],
)
def test_a_frame_without_a_picture(
    api: Api, done: JobId, frame: str, status: int, message: str
) -> None:
    answer = api.get(f"/job/picture/{done}/{frame}")
    assert (answer.status_code, answer.json()["message"]) == (status, message)


def test_nothing_outside_the_base_directory_is_shown(
    api: Api, farm: FakeFarm, done: JobId, base: Path, tmp_path: Path
) -> None:
    made(tmp_path / "secret.png", "uint8")
    (base / "link.png").symlink_to(tmp_path / "secret.png")
    os.mkfifo(base / "fifo.png")
    for path in (tmp_path / "secret.png", base / "link.png", base / "../secret.png"):
        farm.picture_of = str(path)
        frame = farm.finish("hex1")
        assert api.get(f"/job/picture/{done}/{frame}").status_code == 403, path


def test_a_picture_is_made_once_for_all_and_anew_when_it_changes(
    farm: FakeFarm, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        job = await farm.submit(JobRequest("cube.blend", 1, 1, ("hex1",)))
        await farm.start(job)
        farm.picture_of = str(base / "f.png")
        farm.finish("hex1")
        made(base / "f.png", "uint8")
        pictures = Pictures(farm, farm.storage)
        found = await asyncio.gather(*(pictures.get(job, 1, 64) for _ in range(50)))
        assert len({id(picture) for picture in found}) == 1
        assert farm.questions <= 50
        farm.questions = 0
        Image.new("RGB", (64, 64)).save(base / "f.png")
        assert (await pictures.get(job, 1, 64)).etag != found[0].etag
        assert farm.questions == 0, "a done frame's path is asked once"
        monkeypatch.setattr(module, "LARGEST_FILE", 10)
        Image.new("RGB", (65, 64)).save(base / "f.png")
        with pytest.raises(Problem, match="larger than"):
            await pictures.get(job, 1, 64)

    asyncio.run(test())


def test_a_picture_that_kills_its_reader_is_told_of(
    farm: FakeFarm, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "thumbnail", _die)

    async def test() -> None:
        job = await farm.submit(JobRequest("cube.blend", 1, 1, ("hex1",)))
        await farm.start(job)
        farm.picture_of = str(base / "f.png")
        farm.finish("hex1")
        made(base / "f.png", "uint8")
        with pytest.raises(Problem, match="ended the reader"):
            await Pictures(farm, farm.storage).get(job, 1, 64)

    asyncio.run(test())


def _die(data: bytes, pixels: int) -> bytes:
    os._exit(9)


def test_files_are_opened_below_the_base_directory_alone(base: Path, tmp_path: Path) -> None:
    storage = Storage(base)
    os.mkfifo(base / "fifo")
    for path, words in [
        (base / "fifo", "is not a file"),
        (base, "is not a file"),
        (base / "none", "does not exist"),
        (tmp_path / "shared-secrets", "lies outside"),
    ]:
        with pytest.raises(StorageError, match=words), storage.file(str(path)):
            pass
    with storage.file("cube.blend") as handle:
        assert os.read(handle, 100) == b"BLENDER"
    with pytest.raises(StorageError, match="no fileserver_base_dir"), Storage(None).file("/x"):
        pass
