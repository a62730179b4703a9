"""Pages in Russian contain no English except names."""

import re
from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.mail import EmailMessage
from django.test import Client

from collections_app.models import Image, PublicLink
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.sharing.invitations import invite
from tests.languages.test_unmarked import TextOfPage
from tests.sample_team import SampleTeam, put_pictures

PAGES = [
    *("/", "/search/", "/search/?q=rose", "/search/?q=rose&collection=999", "/upload/", "/collections/new/"),
    *("/collections/{c}/", "/collections/{c}/rename/", "/collections/{c}/delete/", "/collections/{c}/upload/"),
    *("/collections/{c}/sharing/", "/teams/", "/teams/{t}/", "/teams/{t}/rename/", "/teams/{t}/delete/", "/trash/"),
    *("/images/{i}/", "/images/{i}/edit/", "/images/{i}/delete/", "/images/{i}/similar/", "/indexing/status/"),
    *("/account/", "/nowhere/", "/s/{s}/", "/s/{s}/search/?q=rose", "/s/{s}/password/", "/invitations/{v}/"),
    *("/accounts/email/", "/accounts/password/change/", "/accounts/2fa/", "/accounts/sessions/", "/accounts/logout/"),
    *("/accounts/3rdparty/", "/accounts/reauthenticate/"),
]
VISITOR_PAGES = [
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/nowhere/",
    "/accounts/inactive/",
]
# Names: the product's, the sample's, of formats and of what has no Russian name.
NAMES = {
    *(
        "imagesearch",
        "English",
        "Garden",
        "Gardeners",
        "owner",
        "rose",
        "png",
        "white",
        "dog",
        "sunset",
        "over",
        "the",
        "sea",
    ),
    *("JPEG", "PNG", "WebP", "GIF", "AVIF", "HEIC", "BMP", "TIFF", "RAW", "ZIP", "JavaScript", "IP", "QR", "mail"),
}
_NOT_WORDS = re.compile(r"\S+@\S+|https?://\S+|\{\w+\}|/s/\S+")


def texts(client: Client, address: str) -> list[str]:
    page = client.get(address, follow=True).content.decode().replace("<wbr>", "")
    parser = TextOfPage()
    parser.feed(page)
    return parser.texts


def english_words(texts: list[str]) -> set[str]:
    words = (word for text in texts for word in re.findall(r"[A-Za-z]{2,}", _NOT_WORDS.sub("", text)))
    return set(words) - NAMES


@pytest.fixture
def address_of(sample: SampleTeam) -> Callable[[str], str]:
    link = PublicLink.objects.create(collection=sample.collection, allows_download=True)
    _, secret = invite(email="new@example.com", role="viewer", inviter=sample.owner, team=sample.team)
    values = {"c": sample.collection.pk, "t": sample.team.pk, "i": sample.image.pk, "s": link.secret, "v": secret}
    return lambda pattern: pattern.format(**values)


def test_member_pages_contain_no_english(
    in_russian: Client, address_of: Callable[[str], str], sample: SampleTeam
) -> None:
    IndexWorker().drain()
    reason = "The picture's file is missing from the storage."
    Image.objects.filter(pk=sample.image.pk).record_index_state(index_state="failed", index_error=reason)
    put_pictures(sample, 2)
    left = {page: words for page in PAGES if (words := english_words(texts(in_russian, address_of(page))))}
    assert left == {}


def test_visitor_pages_contain_no_english(russian_visitor: Client, db: None) -> None:
    left = {page: words for page in VISITOR_PAGES if (words := english_words(texts(russian_visitor, page)))}
    assert left == {}


def test_page_declares_its_language(in_russian: Client, client: Client) -> None:
    assert '<html lang="ru">' in in_russian.get("/").content.decode()
    assert '<html lang="en">' in client.get("/accounts/login/").content.decode()


@pytest.mark.parametrize(
    ("count", "said"), [(1, "1 изображение"), (2, "2 изображения"), (5, "5 изображений"), (21, "21 изображение")]
)
def test_counts_use_russian_plural_forms(count: int, said: str, in_russian: Client, sample: SampleTeam) -> None:
    put_pictures(sample, count - 1)
    shown = [" ".join(text.split()) for text in texts(in_russian, f"/collections/{sample.collection.pk}/")]
    assert said in shown


def test_dates_and_sizes_use_russian_formats(in_russian: Client, sample: SampleTeam) -> None:
    Image.objects.filter(pk=sample.image.pk).update(
        created_at="2026-11-05T14:30:00Z", byte_size=1_536 * 1024, width=12_345
    )
    page = in_russian.get(f"/images/{sample.image.pk}/").content.decode()
    assert "5 ноября 2026 г., 14:30" in page
    assert "1,5\N{NO-BREAK SPACE}МБ" in page
    assert "12\N{NO-BREAK SPACE}345" in page


def test_dates_use_english_formats(in_russian: Client, sample: SampleTeam) -> None:
    Image.objects.filter(pk=sample.image.pk).update(created_at="2026-11-05T14:30:00Z")
    page = in_russian.get(f"/images/{sample.image.pk}/", headers={"Accept-Language": "en"}).content.decode()
    assert "5 November 2026, 14:30" in page


def test_success_messages_are_russian(in_russian: Client, sample: SampleTeam) -> None:
    chosen = {"image": sample.image.pk, "collection": sample.collection.pk}
    page = in_russian.post("/pictures/trash/", chosen, follow=True).content.decode()
    assert "1 изображение перемещено в корзину." in page


def test_a_refused_upload_is_explained_in_russian(in_russian: Client, sample: SampleTeam) -> None:
    answer = in_russian.post(
        f"/collections/{sample.collection.pk}/upload/",
        {"files": SimpleUploadedFile("paper.pdf", b"%PDF-1.7 and more")},
        headers={"Accept": "application/json"},
    )
    assert answer.json()["error"].startswith("Это документ PDF, а не изображение.")


def test_a_reason_stored_in_english_is_read_in_russian(in_russian: Client, sample: SampleTeam) -> None:
    reason = "The picture's file is missing from the storage."
    Image.objects.filter(pk=sample.image.pk).record_index_state(index_state="failed", index_error=reason)
    assert "Файла изображения нет в хранилище." in in_russian.get("/indexing/status/").content.decode()


def test_name_equal_to_a_catalogue_word_is_not_translated(in_russian: Client) -> None:
    in_russian.post("/collections/new/", {"name": "Trash"})
    page = in_russian.post("/collections/new/", {"name": "Trash"}).content.decode()
    assert "«Trash» уже есть" in page


def test_invitation_uses_the_language_of_the_inviter(
    in_russian: Client, sample: SampleTeam, mailoutbox: list[EmailMessage], django_capture_on_commit_callbacks: object
) -> None:
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        in_russian.post(f"/teams/{sample.team.pk}/invite/", {"email": "new@example.com", "role": "viewer"})
    mail = mailoutbox[0]
    assert mail.subject == "[imagesearch] owner@example.com приглашает вас в «Gardeners»"
    assert "owner@example.com приглашает вас в команду «Gardeners»" in str(mail.body)
    assert english_words([str(mail.body)]) == set()
