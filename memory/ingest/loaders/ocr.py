"""Words in pictures: found and read by RapidOCR's models, which come with its package and need no network.

What is read is told as boxes; `memory.ingest.loaders.ocr_lines` makes lines of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from importlib import import_module
from math import atan2, cos, sin
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from memory.embeddings.runtime import onnx_runtime
from memory.ingest.decode import clean

MAX_SIDE = 2400
"""A page is read at no more pixels a side: 200 to the inch of A4. More costs memory and reads no better."""
FIND_SIDE = 960
"""Words are found on a copy of this size; finding them on the whole page takes 1.6 GB."""
MARGIN = 24
"""Words that touch the edge of a picture are not found."""
MIN_SIDE, MAX_RATIO = 6, 100
"""Smaller or narrower things are rules and dust."""
MIN_SCORE = 0.5
TALL = 1.5
VOTES = 9
MODELS = {
    "Det": "PP-OCRv6_det_small.onnx",
    "Rec": "PP-OCRv6_rec_small.onnx",
    "Cls": "ch_ppocr_mobile_v2.0_cls_mobile.onnx",
}

Told = Callable[[], None]
Array = np.ndarray[Any, np.dtype[Any]]


class Box(NamedTuple):
    """Words in a row: their middle, width and height in pixels (y grows downwards), and what they say."""

    x: float
    y: float
    width: float
    height: float
    text: str


class Seen(NamedTuple):
    """What a picture holds, once it stands upright: its height in pixels and its words in no certain order."""

    height: int
    boxes: list[Box]


def read_words(picture: Array, told: Told) -> Seen:
    """Return the words in a picture; one that lies on its side or stands on its head is turned first.

    Args:
        picture: (height, width, 3) uint8, no side longer than MAX_SIDE.
        told: is called after each row of words: time limits count from there.
    """
    padded = np.pad(picture, ((MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0)), mode="edge")
    picture, corners = _upright(padded, told)
    lean = _lean(corners)
    boxes = [box for corner in corners if (box := _box(picture, corner, lean, told)) is not None]
    return Seen(picture.shape[0], boxes)


def _upright(picture: Array, told: Told) -> tuple[Array, Array]:
    """The picture, turned until its words are upright, and the corners (n, 4, 2) of their boxes, clockwise."""
    corners = _found(picture, told)
    sizes = np.array([_size(corner) for corner in corners]).reshape(-1, 2)
    tall = sizes[:, 1] > TALL * sizes[:, 0]
    if sizes[tall, 1].sum() > sizes[~tall, 0].sum():
        picture = np.ascontiguousarray(np.rot90(picture))
        corners = _found(picture, told)
    if len(corners) and _on_its_head(picture, corners):
        picture = np.ascontiguousarray(np.rot90(picture, 2))
        height, width = picture.shape[:2]
        corners = (np.array([width - 1, height - 1], np.float32) - corners)[:, [2, 3, 0, 1]]
    return picture, corners


def _found(picture: Array, told: Told) -> Array:
    found: Any = _engine()._load_det_model()(picture)  # the public call finds and reads in one go, without progress
    told()
    return np.zeros((0, 4, 2), np.float32) if found.boxes is None else np.asarray(found.boxes, np.float32)


def _on_its_head(picture: Array, corners: Array) -> bool:
    """Whether the longest rows read better upside down; the model that tells the two apart only raises the question."""
    longest = sorted(corners, key=lambda corner: -_size(corner)[0])[:VOTES]
    crops = [_crop(picture, corner) for corner in longest]
    votes: Any = _engine()._load_cls_model()(crops).cls_res
    if 2 * sum("180" in label for label, _ in votes) <= len(crops):
        return False
    return sum(_read(np.rot90(crop, 2))[1] - _read(crop)[1] for crop in crops[:3]) > 0


def _lean(corners: Array) -> float:
    """The angle in radians by which rows of words rise or fall."""
    leans = [
        (atan2(corner[1][1] - corner[0][1], corner[1][0] - corner[0][0]), _size(corner)[0])
        for corner in corners
        if _size(corner)[0] > 4 * _size(corner)[1]
    ]
    leans.sort(key=lambda item: -item[1])
    return float(np.median([angle for angle, _ in leans[:40]])) if leans else 0.0


def _box(picture: Array, corner: Array, lean: float, told: Told) -> Box | None:
    width, height = _size(corner)
    if min(width, height) < MIN_SIDE or max(width, height) > MAX_RATIO * min(width, height):
        return None
    text, score = _read(_crop(picture, corner))
    told()
    if not text or score < MIN_SCORE:
        return None
    x, y = (float(value) for value in corner.mean(axis=0))
    return Box(x * cos(lean) + y * sin(lean), y * cos(lean) - x * sin(lean), width, height, text)


def _read(crop: Array) -> tuple[str, float]:
    """The words of a row and how sure the model is of them, 0 to 1."""
    asked: Any = import_module("rapidocr.ch_ppocr_rec.typings").TextRecInput(img=[np.ascontiguousarray(crop)])
    read: Any = _engine()._load_rec_model()(asked)
    return clean(str((read.txts or ("",))[0])).strip(), float((read.scores or (0.0,))[0])


def _crop(picture: Array, corner: Array) -> Array:
    crop: Callable[[Array, Array], Array] = import_module("rapidocr.utils.process_img").get_rotate_crop_image
    return crop(picture, corner.copy())


def _size(corner: Array) -> tuple[float, float]:
    """Width and height of a box whose corners go clockwise from the upper left."""
    wide = max(np.linalg.norm(corner[0] - corner[1]), np.linalg.norm(corner[2] - corner[3]))
    high = max(np.linalg.norm(corner[0] - corner[3]), np.linalg.norm(corner[1] - corner[2]))
    return float(wide), float(high)


@cache
def _engine() -> Any:
    """The models, loaded when first needed; each is named by its file, so that none is ever looked for elsewhere."""
    onnx_runtime()
    library: Any = import_module("rapidocr")
    import_module("cv2").setNumThreads(1)
    folder = Path(library.__file__).parent / "models"
    threads = min(4, len(os.sched_getaffinity(0)))
    return library.RapidOCR(
        params={
            "Global.log_level": "critical",
            "EngineConfig.onnxruntime.intra_op_num_threads": threads,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            "Det.limit_type": "max",
            "Det.limit_side_len": FIND_SIDE,
            **{f"{part}.model_path": str(folder / name) for part, name in MODELS.items()},
        }
    )
