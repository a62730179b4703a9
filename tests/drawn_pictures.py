"""Drawn pictures as JPEG files. Each is drawn once in a test run."""

import io
from functools import cache

from collections_app.demo.drawing import draw_scene
from collections_app.demo.scenes import Scene


@cache
def draw_jpeg(scene: Scene, width: int = 240, height: int = 180) -> bytes:
    file = io.BytesIO()
    draw_scene(scene, width, height).save(file, "JPEG")
    return file.getvalue()
