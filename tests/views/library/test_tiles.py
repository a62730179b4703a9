"""The HTML of tiles: whole for each kind, and right for every name, number and language."""

import re
from uuid import UUID

import pytest
from django.template import Context, Template
from django.utils import translation

from collections_app.models import Collection, Image, PublicLink
from collections_app.services.search.fusion import NameKind
from collections_app.services.search.query import parse_query
from collections_app.services.search.request import SearchRequest
from collections_app.services.search.results import Result
from collections_app.services.search.scope import Scope

NAME = "100% <b>\"Dog\"</b> & 'cat' %(key)s {name} \ue000name\ue001"
ESCAPED = "100% &lt;b&gt;&quot;Dog&quot;&lt;/b&gt; &amp; &#x27;cat&#x27; %(key)s {name} \ue000name\ue001"
PUBLIC_ID = UUID(int=5)
LINK = PublicLink(secret="secret" * 4)


def make_image(pk: int = 1234, *, title: str = "", size: tuple[int, int] = (640, 480)) -> Image:
    """Return a picture that is not stored."""
    width, height = size
    collection = Collection(name="Dogs & <cats>")
    facts = {"original_name": f"IMG_{pk}.jpg", "collection": collection, "public_id": PUBLIC_ID}
    return Image(pk=pk, title=title, width=width, height=height, **facts)


def render(tags: str, **values: object) -> str:
    """Return the HTML, without the space around tags."""
    html = Template("{% load tiles %}" + tags).render(Context(values))
    return re.sub(r"\s*([<>])\s*", r"\1", re.sub(r"\s+", " ", html))


def make_search(text: str) -> SearchRequest:
    scope = Scope(images=Image.objects.none())
    return SearchRequest(text=text, query=parse_query(text), scope=scope, visible_scope=scope)


def test_tile_of_a_picture_has_its_name_as_text() -> None:
    html = render("{% picture_tile image can_select=True %}", image=make_image(title=NAME))
    assert html == (
        '<li class="tile shape ones-1 tenths-3 hundredths-3" data-image-id="1234">'
        '<label class="tile-select"><input type="checkbox" name="image" value="1234">'
        f'<span class="visually-hidden">Select {ESCAPED}</span></label>'
        '<a href="/images/1234/" data-large="/images/1234/preview/" data-file="/images/1234/file/" '
        'data-width="640" data-height="480">'
        f'<img src="/images/1234/thumbnail/" width="480" height="360" alt="{ESCAPED}" loading="lazy" '
        'decoding="async">'
        f'<div class="caption" aria-hidden="true"><span>{ESCAPED}</span>'
        '<span class="collection-name">Dogs &amp; &lt;cats&gt;</span></div></a></li>'
    )


def test_tile_in_its_collection_does_not_name_it() -> None:
    html = render("{% picture_tile image is_in_collection=True %}", image=make_image())
    assert "<span>IMG_1234.jpg</span></div>" in html
    assert "Dogs" not in html
    assert "checkbox" not in html


@pytest.mark.parametrize(("title", "name"), [("", "Untitled picture"), (NAME, ESCAPED)])
def test_tile_of_a_public_link_has_neither_id_nor_file(title: str, name: str) -> None:
    html = render("{% public_tile image link %}", image=make_image(title=title), link=LINK)
    address = f"/s/{LINK.secret}/{PUBLIC_ID}/"
    caption = f'<div class="caption" aria-hidden="true"><span>{name}</span></div>' if title else ""
    assert html == (
        f'<li class="tile shape ones-1 tenths-3 hundredths-3" data-public-id="{PUBLIC_ID}">'
        f'<a href="{address}" data-large="{address}preview/" data-width="640" data-height="480">'
        f'<img src="{address}thumbnail/" width="480" height="360" alt="{name}" loading="lazy" decoding="async">'
        f"{caption}</a></li>"
    )


@pytest.mark.parametrize(
    ("size", "shape", "shown"),
    [((1, 1), "shape ones-1 tenths-0 hundredths-0", (1, 1)), ((30, 3000), "shape upright extreme", (5, 480))],
)
def test_tile_has_the_shape_and_the_sizes(size: tuple[int, int], shape: str, shown: tuple[int, int]) -> None:
    html = render("{% picture_tile image %}", image=make_image(size=size))
    assert f'<li class="tile {shape}' in html
    assert f'data-width="{size[0]}" data-height="{size[1]}"' in html
    assert f'width="{shown[0]}" height="{shown[1]}" alt' in html


def test_result_has_its_score_in_the_language_of_the_page() -> None:
    result = Result(image=make_image(), score=0.25678)
    shown = {}
    for language in ("en", "ru", "en"):
        with translation.override(language):
            shown[language] = render("{% result_tile result %}", result=result)
    assert all('data-score="0.2568"' in html for html in shown.values())
    assert '<span class="score" title="Similarity">0.26</span>' in shown["en"]
    assert re.search('<span class="score" title="[^S"]+">0,26</span>', shown["ru"])


def test_result_without_a_score_has_badges() -> None:
    result = Result(image=make_image(), score=None, name_kind=NameKind.TAG, copy_count=3)
    html = render("{% result_tile result can_select=True %}", result=result)
    badge = '<a class="badge" href="/images/1234/#copies">3 copies</a>'
    assert f'</a><span class="tile-badges"><span class="badge">Tag</span>{badge}</span></li>' in html
    assert "score" not in html
    assert "badge" not in render("{% scored_tile result %}", result=result)


def test_result_has_links_to_change_the_search() -> None:
    result, search = Result(image=make_image(title=NAME), score=0.5), make_search("a dog")
    html = render("{% result_tile result search=search %}", result=result, search=search)
    assert re.findall(r'<a href="([^"]*)" data-tile-key', html) == [
        "/search/?q=a+dog+0.3%3Alike%3A1234",
        "/search/?q=a+dog+-0.3%3Alike%3A1234",
    ]
    assert f"More like {ESCAPED}" in html


@pytest.mark.parametrize(("is_right", "pressed"), [(None, []), (True, ["yes"]), (False, ["no"])])
def test_rated_result_has_buttons(is_right: bool | None, pressed: list[str]) -> None:
    tags = "{% rating_buttons result.image text right back as buttons %}{% scored_tile result buttons %}"
    values = {"right": is_right, "text": 'a "dog"', "back": "q=a&rate=1", "csrf_token": "token"}
    html = render(tags, result=Result(image=make_image(), score=0.5), **values)
    assert 'id="rating-1234"' in html
    assert 'name="q" value="a &quot;dog&quot;"' in html
    assert 'value="q=a&amp;rate=1"' in html
    assert 'value="token"' in html
    assert html.count('aria-pressed="true"') == len(pressed)


def test_tiles_of_a_page_share_nothing_but_their_kind() -> None:
    images = [make_image(pk, title=f"Picture {pk}", size=(pk, 99)) for pk in (100, 200)]
    html = render("{% for image in images %}{% picture_tile image can_select=True %}{% endfor %}", images=images)
    first, second = html.split("</li>")[:2]
    assert "Picture 100" in first
    assert "Picture 200" in second
    assert "200" not in first
    assert "100" not in second
