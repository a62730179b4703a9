"""Measure how well a model searches, or compare two."""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from collections_app.demo.evaluate import Gallery
from collections_app.demo.gallery import get_demo_collections
from collections_app.demo.queries import build_query_families
from collections_app.encoders import Encoder, ModelSpec, make_encoder
from collections_app.errors import ImageSearchError, SearchNotUnderstood
from collections_app.management.free_text import FreeTextCommand
from collections_app.management.lookups import get_team
from collections_app.management.score_table import (
    ComparedModels,
    Rows,
    format_family_table,
    format_query_table,
    format_tally,
)
from collections_app.models import Team
from collections_app.services.evaluation.judgments import JudgedQuery, list_judged_queries
from collections_app.services.evaluation.metrics import JudgedImages, Score, score_ranking, score_search
from collections_app.services.indexing.kept_models import (
    DEMO_MODEL,
    KeptModel,
    get_active_model,
    get_model_source,
    read_kept_models,
)

_MEANING = """P@{k}: of the judged among the first {k}, the share that is right. R@{k}: of all that are right, the share
that is there. Pictures that nobody has judged count neither way; every query weighs the same."""
_NO_JUDGMENTS = (
    "Nobody has rated results yet. Search for something, select “Rate results”, and rate "
    "pictures as right or wrong. With --demo the drawn scenes are judged by what is drawn."
)


class Command(FreeTextCommand):
    help = "Print precision and recall of the active model, or compare two, by the ratings of people."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--k", type=_parse_count, default=10, metavar="N", help="how many first hits count, default 10"
        )
        parser.add_argument("--model", metavar="M", help="a hub name, a folder or demo; default: the active model")
        parser.add_argument("--compare", metavar="M2", help="a second model")
        parser.add_argument("--team", metavar="ID_OR_NAME", help="only ratings of this team's pictures")
        parser.add_argument("--demo", action="store_true", help="judge by the demo's drawn scenes")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            names = [options["model"] or get_active_model().name, *filter(None, [options["compare"]])]
            models = ComparedModels(names=names, k=options["k"])
            self._evaluate(models, options)
        except ImageSearchError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(_MEANING.format(k=models.k))

    def _evaluate(self, models: ComparedModels, options: dict[str, Any]) -> None:
        team = get_team(options["team"]) if options["team"] else None
        judged_queries = [] if options["demo"] else list_judged_queries(team=team)
        if options["demo"] or (not judged_queries and get_active_model().name == DEMO_MODEL and not team):
            self._compare_on_drawn_scenes(models)
        elif not judged_queries:
            raise CommandError(_NO_JUDGMENTS)
        elif searching := _find_searching_models(models.names):
            self._print(models, self._score_searches(judged_queries, searching, k=models.k, team=team))
            where = f"in “{team}”" if team else "over everything that each person who judged may see"
            self.stdout.write(f"Ranked: what the site's search finds {where}, by {' and '.join(models.names)}.")
        else:
            self._compare_on_judged_images(models, judged_queries)

    def _score_searches(
        self, judged: list[JudgedQuery], models: list[KeptModel], *, k: int, team: Team | None
    ) -> list[list[Score]]:
        """Leave out queries that cannot be understood any more, such as those in a deleted collection, and say so."""
        rows = []
        for each in judged:
            try:
                rows.append([score_search(each, k=k, team=team, model=model) for model in models])
            except SearchNotUnderstood as error:
                self.stderr.write(f"“{each.text}” is left out. {error}")
        return rows

    def _compare_on_judged_images(self, models: ComparedModels, judged_queries: list[JudgedQuery]) -> None:
        sets = [JudgedImages(judged_queries, _get_encoder(name)) for name in models.names]
        self._print(models, [[images.score(each, k=models.k) for images in sets] for each in judged_queries])
        self.stdout.write("Ranked: for each query only the pictures that are judged for it, not the whole site.")
        for name, images in zip(models.names, sets, strict=True):
            unreadable = (
                f" {images.unreadable_count} could not be read and are left out." if images.unreadable_count else ""
            )
            self.stdout.write(
                f"{name}: {images.encoded_count} pictures were encoded now, the others are indexed.{unreadable}"
            )
        small = sum(len(each.judgments) <= models.k for each in judged_queries)
        if small:
            self.stdout.write(
                f"{small} of the queries have no more than {models.k} judged pictures: no model can differ there. "
                "Try a smaller --k."
            )

    def _compare_on_drawn_scenes(self, models: ComparedModels) -> None:
        """Draw the scenes again: a site does not record which of its pictures are drawn."""
        scenes = [picture.scene for collection in get_demo_collections() for picture in collection.pictures]
        galleries = [Gallery(scenes, _get_encoder(name)) for name in models.names]
        families = {name: _score_drawn_scenes(galleries, name, models.k) for name in build_query_families()}
        self.stdout.write(format_family_table(models, families))
        self._print_tally(models, [row for rows in families.values() for row in rows])
        self.stdout.write(
            f"Ranked: the demo's {len(scenes)} drawn scenes, judged by what is drawn. By {' and '.join(models.names)}."
        )

    def _print(self, models: ComparedModels, rows: Rows) -> None:
        self.stdout.write(format_query_table(models, rows))
        self._print_tally(models, rows)

    def _print_tally(self, models: ComparedModels, rows: Rows) -> None:
        if len(models.names) > 1:
            self.stdout.write(format_tally(models, rows))


def _score_drawn_scenes(galleries: list[Gallery], family: str, k: int) -> list[list[Score]]:
    """Queries that no drawn scene answers are left out."""
    questions = build_query_families()[family]
    by_gallery = [gallery.rank(questions) for gallery in galleries]
    return [
        [score_ranking(question.text, ranked, ranked, k=k) for ranked in rankings]
        for question, *rankings in zip(questions, *by_gallery, strict=True)
        if any(rankings[0])
    ]


def _find_kept_model(name: str) -> KeptModel | None:
    return next((each for each in read_kept_models() if name in (each.name, each.key)), None)


def _find_searching_models(names: Sequence[str]) -> list[KeptModel]:
    """Return the models if searches can use all of them, else an empty list."""
    found = [model for name in names if (model := _find_kept_model(name)) and not model.is_being_prepared]
    return found if len(found) == len(names) else []


def _get_encoder(name: str) -> Encoder:
    if kept := _find_kept_model(name):
        return kept.encoder
    return make_encoder(ModelSpec(source=get_model_source(name), dtype=settings.CLIP_DTYPE))


def _parse_count(value: str) -> int:
    if not value.isdecimal() or int(value) < 1:
        raise ArgumentTypeError(f"must be a whole number from 1, not {value!r}")
    return int(value)
