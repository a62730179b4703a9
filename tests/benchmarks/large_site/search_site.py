"""A scope with many rows and clustered random vectors, for `tests.benchmarks.searching`."""

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from pymilvus import DataType, MilvusClient

from collections_app.chunks import iterate_chunks
from tests.picture_rows import Vectors, normalize_rows, store_images

_COLLECTIONS = 10
_CLUSTERS = 200
_SPREAD = 1.2
_QUERIES = 20
_CHUNK = 5000


def make_site(count: int) -> Any:
    """Fill a team of its own with `count` pictures and return its owner."""
    from collections_app.models import User
    from collections_app.services.library.collections import create_collection

    user = User.objects.create_user("bench@example.com")
    team = user.personal_team
    places = [create_collection(team=team, name=f"Year {n}", creator=user) for n in range(2000, 2000 + _COLLECTIONS)]
    rows = [_build_row(number, places[number % _COLLECTIONS], user) for number in range(count)]
    store_images(rows, draw_vectors(count))
    return user


def draw_vectors(count: int) -> Vectors:
    """Return unit vectors around random centres, the same for each call."""
    from collections_app.encoders import get_encoder

    chance, dim = np.random.default_rng(1), get_encoder().dim
    centres = chance.normal(size=(_CLUSTERS, dim))
    drawn = centres[chance.integers(_CLUSTERS, size=count)] + _SPREAD * chance.normal(size=(count, dim))
    return normalize_rows(drawn)


@contextmanager
def open_flat() -> Iterator[Callable[[Any, int], object]]:
    """Yield a search for some hits in a bare collection of Milvus Lite with the same vectors: FLAT, inner product."""
    from collections_app.models import Image

    vectors = draw_vectors(Image.objects.count())
    with tempfile.TemporaryDirectory(prefix="imagesearch-bench-") as scratch:
        client = MilvusClient(str(Path(scratch) / "milvus.db"))
        schema = client.create_schema()
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=vectors.shape[1])
        client.create_collection("pictures", schema=schema)
        for rows in iterate_chunks([{"id": n, "vector": vector} for n, vector in enumerate(vectors)], _CHUNK):
            client.insert("pictures", list(rows))
        client.flush("pictures")
        parameters = client.prepare_index_params()
        parameters.add_index("vector", index_type="FLAT", metric_type="IP")
        client.create_index("pictures", parameters)
        client.load_collection("pictures")
        yield lambda vector, limit: client.search("pictures", [vector], limit=limit, output_fields=["id"])
        client.close()


def print_numpy() -> None:
    """Print the time of the same search by numpy, on as many vectors."""
    from collections_app.encoders import get_encoder
    from collections_app.models import Image

    vectors, times_ms = draw_vectors(Image.objects.count()), []
    for query in get_encoder().encode_texts([f"query {number}" for number in range(_QUERIES)]):
        started = time.perf_counter()
        scores = vectors @ query
        nearest = np.argpartition(-scores, 200)[:200]
        nearest[np.argsort(-scores[nearest])]
        times_ms.append(1000 * (time.perf_counter() - started))
    print(f"the same vectors in numpy, 200 nearest: {np.median(times_ms):.1f} ms")


def print_counts(user: Any) -> None:
    """Print the index searches and the SQL statements of the first page of each sort of query, in a warm scope."""
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from collections_app.index.milvus import MilvusIndex
    from collections_app.models import Image

    client = Client(SERVER_NAME=settings.ALLOWED_HOSTS[0] if "*" not in settings.ALLOWED_HOSTS else "localhost")
    client.force_login(user)
    searched: list[int] = []
    bare = MilvusIndex.search

    def search_and_count(self: MilvusIndex, *arguments: Any, **options: Any) -> Any:
        searched.append(options["limit"])
        return bare(self, *arguments, **options)

    MilvusIndex.search = search_and_count  # type: ignore[method-assign]
    example = Image.objects.latest("pk").pk
    client.get("/search/", {"q": "warm up"})
    for query in (
        "a red boat",
        f"like:{example}",
        f"a red boat -like:{example}",
        "a red boat by:me",
        'a red boat in:"Year 2003"',
    ):
        searched.clear()
        with CaptureQueriesContext(connection) as statements:
            page = client.get("/search/", {"q": query})
        if page.status_code != 200:
            raise RuntimeError("The page was not answered.")
        hits = " + ".join(map(str, searched))
        print(f"{query:<28} index searches: {len(searched)} ({hits} hits), SQL statements: {len(statements)}")
    MilvusIndex.search = bare  # type: ignore[method-assign]


def _build_row(number: int, collection: Any, user: Any) -> Any:
    from django.utils import timezone

    from collections_app.encoders import get_encoder
    from collections_app.models import Image, IndexState

    digest = f"{random.Random(number).getrandbits(256):064x}"
    return Image(
        collection=collection,
        uploader=user,
        file=f"originals/{number}.jpg",
        original_name=f"IMG_{number}.jpg",
        sha256=digest,
        index_sha256=digest,
        index_state=IndexState.INDEXED,
        index_model_key=get_encoder().key,
        byte_size=1,
        format="JPEG",
        width=640,
        height=480,
        perceptual_hash=0,
        compared_at=timezone.now(),  # or the served site's worker compares all pictures during the measurement
    )
