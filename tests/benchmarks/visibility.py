"""Recall of the one ranked list, against brute force over exactly what each person may see.

`python -m tests.benchmarks.visibility [--teams 50] [--vectors 20000] [--people 30] [--queries 10] [--seed 1]`. People
get random rights: memberships, shares by name, shares with a team; some see one small collection in the largest team.
Prints what was run and the figure; with MILVUS_URI set, that server is measured instead of the embedded store.
"""

import argparse
import os
import random
import tempfile
from typing import Any

import numpy as np

from tests.benchmarks.printing import print_machine
from tests.picture_rows import Vectors, draw_units, store_images

_SCRATCH = tempfile.TemporaryDirectory(prefix="imagesearch-bench-")
os.environ |= {"DATA_DIR": _SCRATCH.name, "CLIP_MODEL": "demo", "DATABASE_URL": "", "LOG_LEVEL": "error"}
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imagesearch.settings")
_TOP = 10
_SMALL_EVERY = 5


def main() -> None:
    options = _options()
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    chance = random.Random(options.seed)
    people, vectors = _make_people(options, chance)
    recalls = [[_recall(person, vectors, query) for query in _queries(vectors, options, chance)] for person in people]
    print_machine("django", "pymilvus", "milvus-lite")
    print(f"teams: {options.teams}, vectors: {len(vectors)}, people: {options.people}, seed: {options.seed}")
    print(f"index: {os.environ.get('MILVUS_URI') or 'Milvus Lite'}")
    _print_recall("everybody", recalls)
    _print_recall("who see one small collection in the largest team", recalls[::_SMALL_EVERY])


def _print_recall(who: str, recalls: list[list[float]]) -> None:
    figures = f"mean {np.mean(recalls):.4f}, worst {np.min(recalls):.2f}"
    print(f"recall at {_TOP}, {who}: {len(recalls)} people, {np.size(recalls)} searches, {figures}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("teams", 50), ("vectors", 20_000), ("people", 30), ("queries", 10), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    return parser.parse_args()


def _make_people(options: argparse.Namespace, chance: random.Random) -> tuple[list[Any], dict[int, Vectors]]:
    """Teams of very different sizes; each person is a member of some and has shares in others."""
    from collections_app.models import Collection, Membership, Role, Share, Team, User

    teams = [Team.objects.create(name=f"Team {number}") for number in range(options.teams)]
    collections = [Collection.objects.create(team=team, name=str(n)) for team in teams for n in range(4)]
    vectors = _fill(collections, options, chance)
    people = [User.objects.create_user(f"person{number}@example.com") for number in range(options.people)]
    for number, person in enumerate(people):
        if number % _SMALL_EVERY == 0:  # one small collection inside the largest team, and nothing else
            Share.objects.create(collection=collections[3], user=person, role="viewer")
            continue
        for team in chance.sample(teams, chance.randint(0, 6)):
            Membership.objects.create(team=team, user=person, role=chance.choice(Role.values))
        for collection in chance.sample(collections, chance.randint(1, 12)):
            Share.objects.create(collection=collection, user=person, role="viewer")
    for collection, team in zip(chance.sample(collections, 20), chance.choices(teams, k=20), strict=True):
        Share.objects.get_or_create(collection=collection, team=team, defaults={"role": "viewer"})
    return people, vectors


def _fill(collections: list[Any], options: argparse.Namespace, chance: random.Random) -> dict[int, Vectors]:
    """The first team has a third of everything, and its last collection twenty pictures. Return vectors by image id."""
    from collections_app.encoders import get_encoder
    from collections_app.models import Image

    count = options.vectors
    weights = [count / 9] * 3 + [0] + [count * 2 / 3 / len(collections)] * (len(collections) - 4)
    chosen = [collections[3]] * 20 + chance.choices(collections, weights, k=count - 20)
    rows = [_row(number, collection) for number, collection in enumerate(chosen)]
    vectors = draw_units(np.random.default_rng(options.seed), count, get_encoder().dim)
    store_images(rows, vectors)
    ids = Image.objects.order_by("pk").values_list("pk", flat=True)
    return dict(zip(ids, vectors, strict=True))


def _row(number: int, collection: Any) -> Any:
    from collections_app.models import Image

    name = f"{number}.png"
    facts = {"byte_size": 1, "format": "PNG", "width": 1, "height": 1}
    return Image(collection=collection, file=name, original_name=name, sha256=f"{number:064x}", **facts)


def _queries(vectors: dict[int, Vectors], options: argparse.Namespace, chance: random.Random) -> list[Vectors]:
    return [vectors[chance.choice(list(vectors))] for _ in range(options.queries)]


def _recall(person: Any, vectors: dict[int, Vectors], query: Vectors) -> float:
    from collections_app.models import Image
    from collections_app.services.indexing.kept_models import get_active_model
    from collections_app.services.search.retrieval import find_nearest
    from collections_app.services.search.scope import resolve_visible_scope

    visible = list(Image.objects.visible_to(person).values_list("pk", flat=True))
    scores = np.stack([vectors[pk] for pk in visible]) @ query if visible else np.empty(0)
    best = {visible[place] for place in np.argsort(-scores)[:_TOP]}
    scope = resolve_visible_scope(person)
    hits = find_nearest(model=get_active_model(), scope=scope, vector=query)
    shown = set(scope.images.among([hit.id for hit in hits]).values_list("pk", flat=True))
    found = {hit.id for hit in [hit for hit in hits if hit.id in shown][:_TOP]}
    return len(found & best) / len(best) if best else float(not found)


if __name__ == "__main__":
    main()
