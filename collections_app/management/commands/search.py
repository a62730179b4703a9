"""Search in a terminal, as one of the users."""

import json
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from collections_app.errors import ImageSearchError
from collections_app.management.free_text import FreeTextCommand
from collections_app.management.lookups import get_user_by_email
from collections_app.models import ImageTotal
from collections_app.services.indexing.completeness import measure_coverage
from collections_app.services.library.contact_sheet import make_contact_sheet
from collections_app.services.search.relevance import NO_CUTOFFS
from collections_app.services.search.request import parse_search_request, require_understood
from collections_app.services.search.results import Result, join_rows, run_search
from collections_app.services.search.retrieval import MAX_HITS


class Command(FreeTextCommand):
    help = "Find a user's pictures by describing them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("text", help="as in the search box: words, like:ID, -not this, by:me …")
        parser.add_argument("--user", required=True, metavar="EMAIL")
        parser.add_argument("--limit", type=_parse_limit, default=10, metavar="N", help=f"1 to {MAX_HITS}, default 10")
        parser.add_argument("--json", action="store_true", dest="as_json", help="print a list of objects")
        parser.add_argument(
            "--sheet", type=Path, metavar="FILE.png", help="write the results as a contact sheet, five in a row"
        )

    def handle(self, *_: Any, text: str, user: str, limit: int, **options: Any) -> None:
        person = get_user_by_email(user)
        try:
            request = parse_search_request(user=person, parameters={"q": text})
            require_understood(request)
            ranked = run_search(request, cutoffs=NO_CUTOFFS, wanted=limit).ranked[:limit]
            results = join_rows(ranked, images=request.scope.images)
        except ImageSearchError as error:
            raise CommandError(str(error)) from error
        coverage = measure_coverage(ImageTotal.objects.visible_to(person))
        if not coverage.is_complete:
            found, total = f"{coverage.searchable:,}", f"{coverage.total:,}"
            self.stderr.write(f"The search index is incomplete: {found} of {total} pictures are searchable.")
        if options["sheet"]:
            _write_sheet(options["sheet"], results)
        self.stdout.write(_format_json(results) if options["as_json"] else _format_table(results))


def _parse_limit(value: str) -> int:
    if not value.isdecimal() or not 1 <= int(value) <= MAX_HITS:
        raise ArgumentTypeError(f"must be a whole number from 1 to {MAX_HITS}, not {value!r}")
    return int(value)


def _format_json(results: list[Result]) -> str:
    rows = [
        {
            "id": each.image.pk,
            "score": None if each.score is None else round(each.score, 4),
            "title": each.image.name,
            "collection": each.image.collection.name,
            "file": each.image.original_name,
        }
        for each in results
    ]
    return json.dumps(rows, indent=2, ensure_ascii=False)


def _format_table(results: list[Result]) -> str:
    rows = (
        f"{_format_score(each)}  {each.image.pk:>6}  {each.image.name}  ({each.image.collection})" for each in results
    )
    return "\n".join(rows) or "No pictures found: none is indexed."


def _format_score(result: Result) -> str:
    return "     -" if result.score is None else f"{result.score:6.3f}"


def _write_sheet(path: Path, results: list[Result]) -> None:
    if not results:
        raise CommandError("No pictures found, so there is no contact sheet.")
    try:
        make_contact_sheet([each.image for each in results]).save(path, format="PNG")
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror or error}.") from error
