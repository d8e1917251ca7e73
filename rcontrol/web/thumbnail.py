"""Makes thumbnails of rendered pictures. Runs in a process of its own: a picture may be anything.

OpenImageIO reads and Pillow writes. EXR and other floating-point pictures hold scene-linear
light (Rec. 709 primaries, as Blender writes) and are shown as sRGB.
"""

from collections.abc import Sequence
from io import BytesIO
from tempfile import NamedTemporaryFile
from typing import Final

import OpenImageIO
from PIL import Image

SUFFIXES: Final = {
    b"\x76\x2f\x31\x01": ".exr",
    b"\x89PNG": ".png",
    b"\xff\xd8\xff": ".jpg",
    b"II*\0": ".tif",
    b"MM\0*": ".tif",
}
"""How a file of each kind begins; only these are read."""
LARGEST_MB: Final = 1024
"""Of a picture's pixels, not compressed."""
QUALITY: Final = 82

OpenImageIO.attribute("limits:imagesize_MB", LARGEST_MB)
OpenImageIO.attribute("threads", 1)


def thumbnail(data: bytes, pixels: int) -> bytes:
    """Return a picture as WebP that is at most `pixels` wide and high.

    Raises:
        ValueError: it is not a picture that can be read; says why.
    """
    suffix = next((name for magic, name in SUFFIXES.items() if data.startswith(magic)), None)
    if suffix is None:
        raise ValueError("it is neither PNG, JPEG, EXR nor TIFF")
    with NamedTemporaryFile(suffix=suffix) as file:
        file.write(data)
        file.flush()
        image = _colours(file.name)
        return _written(_shown(_fitting(image, pixels)))


def _colours(path: str) -> OpenImageIO.ImageBuf:
    """Return the picture's red, green and blue, and its alpha if it has one."""
    first = OpenImageIO.ImageBuf(path)
    _check(first)
    for part in range(max(1, first.nsubimages)):
        image = OpenImageIO.ImageBuf(path, part, 0) if part else first
        if found := _channels(image.spec().channelnames):
            image.read(part, 0, force=True)
            return _check(OpenImageIO.ImageBufAlgo.channels(_check(image), tuple(found)))
    raise ValueError("it has no channels that can be shown")


def _channels(names: Sequence[str]) -> list[int]:
    """Return the indexes of the channels to show: the combined pass, else the first colours."""
    index = {name.lower(): number for number, name in enumerate(names)}
    layers = dict.fromkeys(name.rpartition(".")[0] for name in index)
    for layer in sorted(layers, key=lambda layer: (layer != "", "combined" not in layer)):
        prefix = f"{layer}." if layer else ""
        found = [index.get(prefix + colour, -1) for colour in "rgb"]
        if min(found) >= 0:
            alpha = index.get(f"{prefix}a")
            return found if alpha is None else [*found, alpha]
    grey = index.get("y", 0)
    return [grey, grey, grey] if names else []


def _fitting(image: OpenImageIO.ImageBuf, pixels: int) -> OpenImageIO.ImageBuf:
    spec = image.spec()
    scale = min(1.0, pixels / max(spec.width, spec.height))
    if spec.format.basetype in (OpenImageIO.HALF, OpenImageIO.FLOAT, OpenImageIO.DOUBLE):
        image = _check(OpenImageIO.ImageBufAlgo.fixNonFinite(image, OpenImageIO.NONFINITE_BLACK))
    if scale < 1.0:
        width, height = (max(1, round(side * scale)) for side in (spec.width, spec.height))
        roi = OpenImageIO.ROI(0, width, 0, height, 0, 1, 0, spec.nchannels)
        image = _check(OpenImageIO.ImageBufAlgo.resize(image, "triangle", roi=roi))
    return image


def _shown(image: OpenImageIO.ImageBuf) -> OpenImageIO.ImageBuf:
    """Return the picture as a screen shows it, alpha not multiplied in."""
    if image.spec().format.basetype in (OpenImageIO.HALF, OpenImageIO.FLOAT, OpenImageIO.DOUBLE):
        image = _check(OpenImageIO.ImageBufAlgo.colorconvert(image, "lin_rec709", "sRGB"))
    if image.spec().nchannels == 4:
        image = _check(OpenImageIO.ImageBufAlgo.unpremult(image))
    return image


def _written(image: OpenImageIO.ImageBuf) -> bytes:
    pixels = image.get_pixels(OpenImageIO.UINT8)
    if pixels is None:
        raise ValueError(_words(image))
    written = BytesIO()
    Image.fromarray(pixels).save(written, "WEBP", quality=QUALITY, method=2)
    return written.getvalue()


def _check(image: OpenImageIO.ImageBuf) -> OpenImageIO.ImageBuf:
    """Return an image that has been made. Raises ValueError with OpenImageIO's own words."""
    if image.has_error:
        raise ValueError(_words(image))
    return image


def _words(image: OpenImageIO.ImageBuf) -> str:
    return str(image.geterror()).strip().partition("\n")[0]
