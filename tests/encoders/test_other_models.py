"""Models other than the demo model: CLIP ViT-B/32 and SigLIP with random weights."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import (
    CLIPConfig,
    CLIPModel,
    GemmaTokenizer,
    PreTrainedTokenizerFast,
    SiglipConfig,
    SiglipImageProcessorPil,
    SiglipModel,
)

from collections_app.encoders.clip import ClipEncoder

from .models import (
    DEMO_MODEL,
    VIT_B32,
    cosines,
    draw_pictures,
    tutorial_image_vectors,
    tutorial_text_vectors,
)

TEXTS = ["a photo of a cat", "two dogs on a beach in the evening"]
SIGLIP = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}


@pytest.fixture(scope="session")
def vit_b32(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """openai/clip-vit-base-patch32 with random weights: its real configuration, tokenizer and preprocessing."""
    if not VIT_B32.is_dir():
        pytest.skip("the configuration of ViT-B/32 is not at hand")
    folder = tmp_path_factory.mktemp("vit") / "clip-vit-base-patch32"
    torch.manual_seed(0)
    CLIPModel(CLIPConfig.from_pretrained(VIT_B32)).save_pretrained(folder)
    for file in VIT_B32.iterdir():
        if file.name != "config.json":
            (folder / file.name).write_bytes(file.read_bytes())
    yield folder
    shutil.rmtree(folder)  # 605 MB, of which pytest would keep three


def test_vit_b32_reproduces_the_tutorial_vectors(vit_b32: Path) -> None:
    pictures = draw_pictures(4)
    encoder = ClipEncoder(str(vit_b32), dtype="float32")
    images, words = encoder.encode_images(pictures), encoder.encode_texts(TEXTS)
    assert encoder.dim == 512
    assert np.abs(images - tutorial_image_vectors(vit_b32, pictures)).max() < 1e-4
    assert np.abs(words - tutorial_text_vectors(vit_b32, TEXTS)).max() < 1e-4
    half = ClipEncoder(str(vit_b32), dtype="bfloat16")
    assert cosines(half.encode_images(pictures), images).min() >= 0.999
    assert cosines(half.encode_texts(TEXTS), words).min() >= 0.999


@pytest.fixture
def siglip(tmp_path: Path) -> Path:
    tokenizer = PreTrainedTokenizerFast.from_pretrained(DEMO_MODEL)
    tokenizer.model_input_names = ["input_ids"]
    return save_siglip(tmp_path / "siglip", tokenizer)


@pytest.fixture
def siglip_2(tmp_path: Path) -> Path:
    """As google/siglip2-base-patch16-224 declares itself: model_type siglip, and the multilingual GemmaTokenizer."""
    known = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "▁", *map(chr, range(ord("а"), ord("я") + 1))]
    vocabulary = {token: number for number, token in enumerate(known)}
    return save_siglip(tmp_path / "siglip2", GemmaTokenizer(vocab=vocabulary, merges=[], padding_side="right"))


def save_siglip(folder: Path, tokenizer: PreTrainedTokenizerFast) -> Path:
    text = SIGLIP | {"vocab_size": len(tokenizer), "max_position_embeddings": 16, "projection_size": 32}
    torch.manual_seed(0)
    SiglipModel(
        SiglipConfig(text_config=text, vision_config=SIGLIP | {"image_size": 32, "patch_size": 8})
    ).save_pretrained(folder)
    SiglipImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_siglip_works_with_texts_padded_to_the_full_context(siglip: Path) -> None:
    encoder = ClipEncoder(str(siglip), dtype="float32")
    assert encoder.dim == 32
    assert encoder.encode_images(draw_pictures(3)).shape == (3, 32)
    short = encoder.encode_texts(["a cat"])
    beside_a_long_one = encoder.encode_texts(["a cat", "a very long text about many cats and dogs"])
    assert np.abs(short[0] - beside_a_long_one[0]).max() < 1e-5
    assert encoder._load().tokenize(["a cat"])["input_ids"].shape == (1, 16)


def test_siglip_2_reads_russian_in_any_case_and_pads_as_in_training(siglip_2: Path) -> None:
    encoder = ClipEncoder(str(siglip_2), dtype="float32")
    assert encoder.encode_images(draw_pictures(1)).shape == (1, 32)
    white_dog, the_same, cat = encoder.encode_texts(["белая собака", "Белая собака", "кошка"])
    assert np.abs(white_dog - the_same).max() < 1e-5
    assert np.abs(white_dog - cat).max() > 1e-3
    assert set(encoder._load().tokenize(["кошка"])) == {"input_ids"}
