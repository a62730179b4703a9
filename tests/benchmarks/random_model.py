"""A model with the architecture of ViT-B/32 and random weights: its speed does not depend on their values."""

from pathlib import Path


def make_random_model(folder: Path) -> None:
    """Save random weights. The architecture is CLIPConfig's default, with the demo's tokenizer."""
    import torch
    from transformers import AutoTokenizer, CLIPConfig, CLIPImageProcessor, CLIPModel

    from collections_app.demo import model_export

    torch.manual_seed(0)
    CLIPModel(CLIPConfig()).save_pretrained(folder)
    CLIPImageProcessor().save_pretrained(folder)
    AutoTokenizer.from_pretrained(Path(model_export.__file__).parent / "model").save_pretrained(folder)
