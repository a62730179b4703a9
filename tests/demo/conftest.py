"""The small model, loaded once for the tests of this folder."""

import pytest

from collections_app.demo.evaluate import MODEL_FOLDER
from collections_app.encoders.clip import ClipEncoder


@pytest.fixture(scope="session")
def encoder() -> ClipEncoder:
    return ClipEncoder(str(MODEL_FOLDER), dtype="float32")
