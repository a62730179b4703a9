"""The tables of `manage.py evaluate`: a line for each query or family, means, how often each model is better."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from collections_app.services.evaluation.metrics import Score, compute_mean

_WIDEST_TEXT = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedModels:
    """The names of one model, or of two whose scores are compared."""

    names: Sequence[str]
    k: int

    @property
    def header(self) -> list[str]:
        marks = [f" {letter}" for letter in "AB"] if len(self.names) > 1 else [""]
        figures = [f"{name}@{self.k}{mark}" for name in "PR" for mark in marks]
        return ["query", "judged", *figures, *(["better"] if len(self.names) > 1 else [])]


# For each query its score under each model.
Rows = Sequence[Sequence[Score]]


def format_query_table(models: ComparedModels, rows: Rows) -> str:
    """Return a line for each query and the mean of all."""
    lines = [_format_line(row[0].text, [row], verdict=_compare(row)) for row in rows]
    return _align([models.header, *lines, _format_line(f"mean of {len(rows)} queries", rows)])


def format_family_table(models: ComparedModels, families: Mapping[str, Rows]) -> str:
    """Return a line for each family of queries and the mean of all."""
    everything = [row for rows in families.values() for row in rows]
    named = {f"{name} ({len(rows)} queries)": rows for name, rows in families.items()}
    lines = [_format_line(name, rows, verdict=_tally(rows)) for name, rows in named.items()]
    return _align([models.header, *lines, _format_line(f"mean of {len(everything)} queries", everything)])


def format_tally(models: ComparedModels, rows: Rows) -> str:
    """Return how often each model is better."""
    wins = [_compare(row) for row in rows]
    first, second = models.names
    return (
        f"A ({first}) is better in {wins.count('A')}, B ({second}) in {wins.count('B')}, "
        f"and they are equal in {wins.count('=')} of {len(wins)} queries."
    )


def _format_line(text: str, rows: Rows, *, verdict: str = "") -> list[str]:
    judged = sum(row[0].judged for row in rows)
    by_model = list(zip(*rows, strict=True))
    precisions = [compute_mean(score.precision for score in scores) for scores in by_model]
    recalls = [compute_mean(score.recall for score in scores) for scores in by_model]
    return [_shorten(text), str(judged), *map(_format_figure, [*precisions, *recalls]), verdict]


def _compare(row: Sequence[Score]) -> str:
    """Compare by precision, then by recall."""
    if len(row) == 1:
        return ""
    first, second = ((score.precision or 0.0, score.recall or 0.0) for score in row)
    return "=" if first == second else "A" if first > second else "B"


def _tally(rows: Rows) -> str:
    wins = [_compare(row) for row in rows]
    return f"{wins.count('A')}:{wins.count('B')}" if any(wins) else ""


def _format_figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _shorten(text: str) -> str:
    return text if len(text) <= _WIDEST_TEXT else f"{text[: _WIDEST_TEXT - 1]}…"


def _align(lines: Iterable[list[str]]) -> str:
    return "\n".join(_format_row(line[0], line[1:]) for line in lines)


def _format_row(text: str, figures: Sequence[str]) -> str:
    return f"{text:<{_WIDEST_TEXT}}{''.join(f'{figure:>9}' for figure in figures)}".rstrip()
