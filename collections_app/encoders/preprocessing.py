"""Pictures to the input of a model: resized, cropped around the centre and normalised."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from transformers import CLIPImageProcessorPil, SiglipImageProcessorPil

Preprocess = Callable[[Sequence[Image.Image]], NDArray[np.float32]]

# Pillow first shrinks by whole numbers to three times the size. Its documentation calls the result indistinguishable.
_REDUCING_GAP = 3.0
# Processors that only resize, crop, rescale and normalise. Subclasses may do more.
_PLAIN_PROCESSORS = (CLIPImageProcessorPil, SiglipImageProcessorPil)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnePass:
    """Computes what transformers' processor computes, without its copies and only for the pixels that remain.

    Either `short_edge` is set or `size`, the (height, width) that pictures are resized to whatever their shape. `crop`
    is (height, width). `table` has the normalised value of each channel's 256 values, float32, shape (3, 256).

    The results are so close to the processor's (cosine of the vectors above 0.9995) that the model's key is the same.
    """

    short_edge: int | None
    size: tuple[int, int]
    crop: tuple[int, int]
    resample: Image.Resampling
    table: NDArray[np.float32]

    def __call__(self, pictures: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Return float32, shape (len(pictures), 3, height, width), for RGB pictures."""
        pixels = np.empty((len(pictures), 3, *self.crop), dtype=np.float32)
        for picture, planes in zip(pictures, pixels, strict=True):
            values = np.asarray(self._resize(picture))
            for channel in range(3):
                # All values are within the table. "clip" only spares numpy a copy.
                np.take(self.table[channel], values[..., channel], out=planes[channel], mode="clip")
        return pixels

    def _resize(self, picture: Image.Image) -> Image.Image:
        """Resize only the part that the crop keeps."""
        height, width = self._compute_size(picture)
        crop_height, crop_width = self.crop
        left, top = (width - crop_width) // 2, (height - crop_height) // 2
        across, down = picture.width / width, picture.height / height
        box = (
            left * across,
            top * down,
            min(picture.width, (left + crop_width) * across),
            min(picture.height, (top + crop_height) * down),
        )
        return picture.resize((crop_width, crop_height), self.resample, box=box, reducing_gap=_REDUCING_GAP)

    def _compute_size(self, picture: Image.Image) -> tuple[int, int]:
        """Return the (height, width) of the whole picture after resizing, rounded as transformers does."""
        if self.short_edge is None:
            return self.size
        short, long = sorted(picture.size)
        scaled = int(self.short_edge * long / short)
        return (scaled, self.short_edge) if picture.width <= picture.height else (self.short_edge, scaled)


def make_preprocess(processor: Any) -> Preprocess:
    """Return the function that does what transformers' image processor does, in one pass if possible."""
    return _make_one_pass(processor) or _make_fallback(processor)


def _make_one_pass(processor: Any) -> OnePass | None:
    """Return None if the processor does anything that OnePass does not cover."""
    if type(processor) not in _PLAIN_PROCESSORS or not processor.do_resize or processor.do_pad:
        return None
    wanted = {name: value for name, value in dict(processor.size).items() if value}
    short_edge = wanted.get("shortest_edge")
    if wanted.keys() not in ({"shortest_edge"}, {"height", "width"}):
        return None
    size: tuple[Any, Any] = (wanted.get("height", short_edge), wanted.get("width", short_edge))
    crop = (processor.crop_size.height, processor.crop_size.width) if processor.do_center_crop else size
    # Smaller pictures would be padded. Without a crop, shapes would differ.
    if crop[0] > size[0] or crop[1] > size[1] or (short_edge and not processor.do_center_crop):
        return None
    return OnePass(
        short_edge=short_edge,
        size=size,
        crop=crop,
        resample=Image.Resampling(Image.Resampling.BILINEAR if processor.resample is None else processor.resample),
        table=_make_table(processor),
    )


def _make_table(processor: Any) -> NDArray[np.float32]:
    values = np.tile(np.arange(256, dtype=np.float64), (3, 1))
    if processor.do_rescale:
        values *= processor.rescale_factor
    if processor.do_normalize:
        mean, std = (np.broadcast_to(each, 3)[:, None] for each in (processor.image_mean, processor.image_std))
        values = (values - mean) / std
    return values.astype(np.float32)


def _make_fallback(processor: Any) -> Preprocess:
    def preprocess(pictures: Sequence[Image.Image]) -> NDArray[np.float32]:
        # The processor refuses an empty list, but knows the shape of its result.
        images = list(pictures) or [Image.new("RGB", (8, 8))]
        pixels = processor(images=images, return_tensors="np")["pixel_values"]
        return np.asarray(pixels, dtype=np.float32)[: len(pictures)]

    return preprocess
