"""Suggestions of the search box: recent and saved searches, collections, people and tags that a person may see."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice, takewhile
from typing import NamedTuple, TypeVar

from django.db.models import OuterRef, Subquery

from collections_app.models import Collection, ImageTotal, RecentSearch, SavedSearch, TagTotal, User
from collections_app.models.ids import parse_id
from collections_app.models.words import NameWord, find_words
from collections_app.services.search.filter_terms import FilterTerm
from collections_app.services.search.query import MAX_QUERY_LENGTH, clean_query
from collections_app.services.search.quoting import QUOTATION_MARKS, remove_quotes, split_tokens
from collections_app.services.search.recent import MAX_RECENT

MAX_SUGGESTED = 5
# How many names of each kind are compared with the text: the newest collections, and the most frequent of the others.
_MAX_COMPARED = 5000
_COLLECTION, _PERSON, _TAG = "in", "by", "tag"
_FILTER = re.compile(r"(-?)(in|by|tag)[:\N{FULLWIDTH COLON}](.*)", re.IGNORECASE | re.DOTALL)
# An uploaded example is deleted within an hour, and its name has no meaning for people.
_UPLOADED_EXAMPLE = re.compile(r"\blike:(?!\d)")
_OPERATOR = re.compile(rf"[{QUOTATION_MARKS}:+-]")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestedTerm:
    """A name that becomes a filter. `text` is the whole text of the search box with it."""

    name: str
    text: str


class CollectionName(NamedTuple):
    """`personal_of`: the person whose personal team the team is, if it is one."""

    pk: int
    name: str
    team_id: int
    team_name: str
    personal_of: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestedCollection:
    """A collection to open or, if `text` is not empty, to search in. The box then has more words than its name."""

    collection: CollectionName
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestions:
    """At most MAX_SUGGESTED of each kind."""

    recent: Sequence[RecentSearch] = ()
    saved: Sequence[SavedSearch] = ()
    collections: Sequence[SuggestedCollection] = ()
    people: Sequence[SuggestedTerm] = ()
    tags: Sequence[SuggestedTerm] = ()

    @property
    def count(self) -> int:
        return sum(map(len, (self.recent, self.saved, self.collections, self.people, self.tags)))


class TypedText:
    """The text in the search box. Its last words are compared with names; the last one may be incomplete."""

    def __init__(self, text: str) -> None:
        self._tokens = split_tokens(clean_query(text))
        last = self._tokens[-1] if self._tokens else ""
        self._filter = _FILTER.fullmatch(last)
        self._is_excluding = last.startswith("-")

    def is_about(self, label: str) -> bool:
        """Return whether a search of this label contains all words of the text."""
        return not self._tokens or (bool(self._words) and _has_words(_find_words_of(label), self._words))

    def is_part_of(self, name: str) -> bool:
        """Return whether the text is nothing but words of the name."""
        return not self._filter and self._count_tokens_in(name) == len(self._tokens)

    def can_add(self, key: str) -> bool:
        """Return whether a filter of this key fits here: no other filter is being typed."""
        if self._filter:
            return self._filter[2].lower() == key and (not self._filter[1] or key == _TAG)
        return not self._is_excluding

    def build_term(self, key: str, name: str) -> SuggestedTerm | None:
        """Return the filter in the place of the last words, if the name contains them; None if it does not."""
        count = self._count_tokens_in(name)
        if count is None:
            return None
        term = FilterTerm(key=key, value=name, is_negative=bool(self._filter and self._filter[1]))
        text = " ".join([*self._tokens[: len(self._tokens) - count], str(term)])
        is_new = len(text) <= MAX_QUERY_LENGTH and text != " ".join(self._tokens)
        return SuggestedTerm(name=name, text=text) if is_new else None

    @cached_property
    def _words(self) -> list[NameWord]:
        return find_words(" ".join(self._tokens))

    @cached_property
    def _endings(self) -> list[list[NameWord]]:
        """The words of the last token, of the last two tokens, and so on, as far as they are plain words."""
        if self._filter:
            return [find_words(remove_quotes(self._filter[3]))]
        plain = takewhile(lambda token: find_words(token) and not _OPERATOR.search(token), reversed(self._tokens))
        return [find_words(" ".join(self._tokens[-number:])) for number, _token in enumerate(plain, 1)]

    def _count_tokens_in(self, name: str) -> int | None:
        """Return how many of the last tokens are words of the name; None if not even the last one is."""
        if not self._tokens:
            return 0
        own = _find_words_of(name)
        return len(list(takewhile(lambda words: _has_words(own, words), self._endings))) or None


def find_suggestions(*, user: User, text: str = "") -> Suggestions:
    """Return what the user may search for, narrowed by the text. Takes at most five statements."""
    typed = TypedText(text)
    collections = _list_collections(user)
    saved = SavedSearch.objects.visible_to(user).own_first(user).only("name")[:_MAX_COMPARED]
    return Suggestions(
        recent=_take(lambda each: typed.is_about(each.text), _list_recent(user, collections)),
        saved=_take(lambda each: typed.is_about(each.name), saved),
        collections=list(islice(_match_collections(typed, collections), MAX_SUGGESTED)),
        people=list(islice(_match_names(typed, _PERSON, _list_people(user)), MAX_SUGGESTED)),
        tags=list(islice(_match_names(typed, _TAG, _list_tags(user)), MAX_SUGGESTED)),
    )


def _take(is_wanted: Callable[[_T], bool], found: Iterable[_T]) -> list[_T]:
    return list(islice(filter(is_wanted, found), MAX_SUGGESTED))


def _list_collections(user: User) -> list[CollectionName]:
    newest = Collection.objects.visible_to(user).order_by("-created_at", "-pk")
    rows = newest.values_list("pk", "name", "team", "team__name", "team__personal_of")
    return [CollectionName(*row) for row in rows[:_MAX_COMPARED]]


def _list_recent(user: User, collections: Sequence[CollectionName]) -> list[RecentSearch]:
    """Return the searches with the names of their places, which are read from the visible collections."""
    names = {("collection", each.pk): each.name for each in collections}
    names |= {("team", each.team_id): each.team_name for each in collections}
    made = RecentSearch.objects.made_by(user)[:MAX_RECENT]
    found = [search for search in made if search.text and not _UPLOADED_EXAMPLE.search(search.text)]
    for search in found:
        places = [(key, parse_id(search.parameters.get(key) or "") or 0) for key in ("collection", "team")]
        search.scope_name = next((names[place] for place in places if place in names), "")
    return found


def _list_people(user: User) -> list[str]:
    """Return values of `by:`: the display names of uploaders, or else their addresses before the @.

    The name "me" is left out, because `by:me` means the person who searches.
    """
    people = User.objects.filter(pk=OuterRef("uploader_id"))
    totals = ImageTotal.objects.visible_to(user).by_uploader()
    named = totals.annotate(display=Subquery(people.values("display_name")), address=Subquery(people.values("email")))
    found = named.values_list("display", "address")[:_MAX_COMPARED]
    names = dict.fromkeys(display or address.partition("@")[0] for display, address in found if address)
    return [name for name in names if name != "me"]


def _list_tags(user: User) -> list[str]:
    """Return the tags, the most frequent first. Of those that differ only in case, the most frequent remains."""
    tags = TagTotal.objects.visible_to(user).by_frequency().values_list("tag", flat=True)[:_MAX_COMPARED]
    spellings: dict[str, str] = {}
    for tag in tags:
        spellings.setdefault(tag.casefold(), tag)
    return list(spellings.values())


def _match_collections(typed: TypedText, collections: Iterable[CollectionName]) -> Iterator[SuggestedCollection]:
    for collection in collections if typed.can_add(_COLLECTION) else ():
        if term := typed.build_term(_COLLECTION, collection.name):
            text = "" if typed.is_part_of(collection.name) else term.text
            yield SuggestedCollection(collection=collection, text=text)


def _match_names(typed: TypedText, key: str, names: Iterable[str]) -> Iterator[SuggestedTerm]:
    return filter(None, (typed.build_term(key, name) for name in names)) if typed.can_add(key) else iter(())


@lru_cache(maxsize=4 * _MAX_COMPARED)
def _find_words_of(name: str) -> tuple[NameWord, ...]:
    return tuple(find_words(name))


def _has_words(name: Sequence[NameWord], words: Sequence[NameWord]) -> bool:
    """Return whether the name has all words. The last one may be the beginning of a word."""
    if not words:
        return True
    *complete, last = words
    own = {each.joined for each in name}
    return all(each.joined in own for each in complete) and any(_is_beginning(last, of=each) for each in name)


def _is_beginning(word: NameWord, *, of: NameWord) -> bool:
    """In scripts without blanks, which show no beginnings of words, any part of a name is enough."""
    return word.text in of.text if of.is_unspaced else of.joined.startswith(word.joined)
