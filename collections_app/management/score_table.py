"""How `manage.py evaluate` prints scores: a line for each query or family, the means, and who was better how often."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from collections_app.services.evaluation.metrics import Score, mean

_WIDEST_TEXT = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """The names of one model or of two, whose scores stand beside each other."""

    names: Sequence[str]
    k: int

    @property
    def header(self) -> list[str]:
        marks = [f" {letter}" for letter in "AB"] if len(self.names) > 1 else [""]
        figures = [f"{name}@{self.k}{mark}" for name in "PR" for mark in marks]
        return ["query", "judged", *figures, *(["better"] if len(self.names) > 1 else [])]


# For each query its score under each model.
Rows = Sequence[Sequence[Score]]


def query_table(models: Models, rows: Rows) -> str:
    """Every query, and the mean of all."""
    lines = [_line(row[0].text, [row], verdict=_verdict(row)) for row in rows]
    return _aligned([models.header, *lines, _line(f"mean of {len(rows)} queries", rows)])


def family_table(models: Models, families: Mapping[str, Rows]) -> str:
    """The means of families of queries, which are too many to be shown one by one."""
    everything = [row for rows in families.values() for row in rows]
    named = {f"{name} ({len(rows)} queries)": rows for name, rows in families.items()}
    lines = [_line(name, rows, verdict=_tally(rows)) for name, rows in named.items()]
    return _aligned([models.header, *lines, _line(f"mean of {len(everything)} queries", everything)])


def tally(models: Models, rows: Rows) -> str:
    """Who was better how often."""
    wins = [_verdict(row) for row in rows]
    first, second = models.names
    return (
        f"A ({first}) is better in {wins.count('A')}, B ({second}) in {wins.count('B')}, "
        f"and they are equal in {wins.count('=')} of {len(wins)} queries."
    )


def _line(text: str, rows: Rows, *, verdict: str = "") -> list[str]:
    judged = sum(row[0].judged for row in rows)
    by_model = list(zip(*rows, strict=True))
    precisions = [mean(score.precision for score in scores) for scores in by_model]
    recalls = [mean(score.recall for score in scores) for scores in by_model]
    return [_cut(text), str(judged), *map(_figure, [*precisions, *recalls]), verdict]


def _verdict(row: Sequence[Score]) -> str:
    """By precision, then by recall."""
    if len(row) == 1:
        return ""
    first, second = ((score.precision or 0.0, score.recall or 0.0) for score in row)
    return "=" if first == second else "A" if first > second else "B"


def _tally(rows: Rows) -> str:
    wins = [_verdict(row) for row in rows]
    return f"{wins.count('A')}:{wins.count('B')}" if any(wins) else ""


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST_TEXT else f"{text[: _WIDEST_TEXT - 1]}…"


def _aligned(lines: Iterable[list[str]]) -> str:
    return "\n".join(_row(line[0], line[1:]) for line in lines)


def _row(text: str, figures: Sequence[str]) -> str:
    return f"{text:<{_WIDEST_TEXT}}{''.join(f'{figure:>9}' for figure in figures)}".rstrip()
