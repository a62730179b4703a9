"""Mail is written with the change that causes it, and sent later, whatever the mail server does."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.mail import EmailMultiAlternatives, send_mail
from django.core.management import CommandError, call_command
from django.db import connections, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from collections_app.models import OutgoingMail, User
from collections_app.services.mail.smtp_sender import MailSender
from collections_app.services.maintenance import run_maintenance
from tests.mail_server import MailServer, running_mail_server, write_certificate
from tests.sample_team import SampleTeam, sign_in_client
from tests.services.mail.conftest import use_mail_server

CLOSED = 9


def queue(*recipients: str) -> None:
    for recipient in recipients:
        send_mail("A subject", "Open https://example.com/secret", None, [recipient])


def send_all() -> None:
    """Do what the loop of the worker does until nothing is due."""
    sender = MailSender()
    while sender.send_next():
        pass


def let_time_pass(**duration: float) -> None:
    later = timedelta(**duration)
    for mail in OutgoingMail.objects.all():
        until = mail.leased_until and mail.leased_until - later
        changes = {"run_after": mail.run_after - later, "created_at": mail.created_at - later, "leased_until": until}
        OutgoingMail.objects.filter(pk=mail.pk).update(**changes)


def test_mail_arrives_as_it_was_written_and_is_then_deleted(mail_server: MailServer) -> None:
    message = EmailMultiAlternatives("Grüße", "Text: ä", "Site <site@example.com>", ["a@example.com"])
    message.attach_alternative("<p>HTML: ä</p>", "text/html")
    message.extra_headers["Reply-To"] = "owner@example.com"
    message.send()
    assert mail_server.deliveries == []

    send_all()
    (delivery,) = mail_server.deliveries
    seen = delivery.message
    assert delivery.recipients == ("a@example.com",)
    assert (seen["Subject"], seen["From"], seen["To"]) == ("Grüße", "Site <site@example.com>", "a@example.com")
    assert seen["Reply-To"] == "owner@example.com"
    assert seen["Message-ID"].endswith("@example.com>")
    parts = {part.get_content_type(): part.get_content().strip() for part in seen.iter_parts()}
    assert parts == {"text/plain": "Text: ä", "text/html": "<p>HTML: ä</p>"}
    assert not OutgoingMail.objects.exists()


def test_mail_of_a_change_that_is_rolled_back_is_not_sent(mail_server: MailServer) -> None:
    with transaction.atomic():
        queue("a@example.com")
        transaction.set_rollback(True)
    assert not OutgoingMail.objects.exists()


def test_each_recipient_is_settled_separately(mail_server: MailServer) -> None:
    mail_server.rejections = {"gone@example.com": "550 no such user", "later@example.com": "451 come back later"}
    send_mail("A subject", "Text", None, ["gone@example.com", "later@example.com", "here@example.com"])
    send_all()
    assert mail_server.recipients == ["here@example.com"]
    assert mail_server.deliveries[0].message["To"] == "gone@example.com, later@example.com, here@example.com"
    states = dict(OutgoingMail.objects.values_list("recipient", "is_failed"))
    assert states == {"gone@example.com": True, "later@example.com": False}


def test_temporary_rejection_is_retried_after_growing_pauses(mail_server: MailServer) -> None:
    mail_server.rejections = {"a@example.com": "451 come back later"}
    queue("a@example.com")
    pauses = []
    for _ in range(3):
        send_all()
        mail = OutgoingMail.objects.get()
        pauses.append(mail.run_after - timezone.now())
        OutgoingMail.objects.update(run_after=timezone.now())
    assert (mail.attempts, mail.error) == (3, "451 come back later")
    assert pauses == sorted(pauses)
    assert pauses[0] > timedelta(0)

    mail_server.rejections = {}
    send_all()
    assert mail_server.recipients == ["a@example.com"]


def test_permanent_rejection_is_not_retried_and_keeps_no_text(mail_server: MailServer) -> None:
    mail_server.rejections = {"a@example.com": "550 no such user"}
    queue("a@example.com")
    send_all()
    mail = OutgoingMail.objects.get()
    assert (mail.is_failed, mail.error, mail.text, mail.html) == (True, "550 no such user", "", "")
    let_time_pass(days=1)
    mail_server.rejections = {}
    send_all()
    assert mail_server.deliveries == []


@pytest.mark.parametrize("state", ["refuses", "is silent", "is busy"])
def test_mail_waits_while_the_server_does_not_work(state: str, mail_server: MailServer, settings: Settings) -> None:
    mail_server.is_silent = state == "is silent"
    if state == "refuses":
        settings.EMAIL_PORT = CLOSED
    if state == "is busy":
        mail_server.greeting = "421 too busy"
    queue("a@example.com", "b@example.com", "c@example.com")
    send_all()
    assert mail_server.conversations <= 1, "one mail tries the server for all"
    assert not OutgoingMail.objects.due(timezone.now()).exists()
    error = OutgoingMail.objects.order_by("pk")[0].error
    assert {"refuses": "refused", "is silent": "did not answer in 1 seconds", "is busy": "421"}[state] in error

    mail_server.is_silent, mail_server.greeting, settings.EMAIL_PORT = False, "220 ready", mail_server.port
    let_time_pass(minutes=1)
    send_all()
    assert sorted(mail_server.recipients) == ["a@example.com", "b@example.com", "c@example.com"]


def test_implicit_tls_with_a_trusted_certificate(
    db: None, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = write_certificate(tmp_path)
    with running_mail_server(certificate) as server:
        use_mail_server(settings, server.port)
        settings.EMAIL_USE_SSL = True
        queue("a@example.com")
        send_all()
        assert "certificate verify failed" in OutgoingMail.objects.get().error

        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        let_time_pass(minutes=1)
        send_all()
        assert server.recipients == ["a@example.com"]


@pytest.mark.django_db(transaction=True)
def test_senders_at_once_send_each_mail_once(mail_server: MailServer) -> None:
    mail_server.data_pause_s = 0.02
    queue(*(f"{number}@example.com" for number in range(12)))

    def send_in_thread(_: int) -> None:
        try:
            send_all()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(send_in_thread, range(3)))
    assert sorted(mail_server.recipients) == sorted(f"{number}@example.com" for number in range(12))


@pytest.mark.django_db(transaction=True)
def test_mail_of_a_killed_sender_is_taken_over(mail_server: MailServer, settings: Settings) -> None:
    mail_server.is_silent = True
    settings.EMAIL_TIMEOUT = 30
    queue("a@example.com")
    reached = threading.Thread(target=MailSender().send_next, daemon=True)  # never returns: as good as killed
    reached.start()
    while not mail_server.conversations:
        reached.join(0.02)

    mail_server.is_silent = False
    send_all()
    assert mail_server.deliveries == [], "it is leased"
    let_time_pass(hours=1)
    send_all()
    assert mail_server.recipients == ["a@example.com"]
    mail_server.stopped.set()
    reached.join()


def test_maintenance_deletes_what_could_not_be_sent_for_days(mail_server: MailServer, settings: Settings) -> None:
    queue("a@example.com")
    let_time_pass(days=settings.EMAIL_RETRY_DAYS - 0.1)
    run_maintenance()
    assert OutgoingMail.objects.exists()
    let_time_pass(days=0.2)
    run_maintenance()
    assert not OutgoingMail.objects.exists()


def test_administration_lists_mails_without_their_text(mail_server: MailServer) -> None:
    admin = sign_in_client(User.objects.create_superuser("root@example.com", "a long password"))
    queue("a@example.com")
    mail = OutgoingMail.objects.get()
    for address in ("", f"{mail.pk}/change/", f"{mail.pk}/delete/", f"{mail.pk}/history/"):
        page = admin.get(f"/admin/collections_app/outgoingmail/{address}").content.decode()
        assert "https://example.com/secret" not in page
    assert "a@example.com" in admin.get("/admin/collections_app/outgoingmail/").content.decode()


def test_administrator_lets_a_mail_be_sent_at_once(mail_server: MailServer) -> None:
    admin = sign_in_client(User.objects.create_superuser("root@example.com", "a long password"))
    queue("a@example.com")
    OutgoingMail.objects.update(run_after=timezone.now() + timedelta(hours=1))
    fields = {"action": "retry", "_selected_action": OutgoingMail.objects.get().pk}
    admin.post("/admin/collections_app/outgoingmail/", fields)
    send_all()
    assert mail_server.recipients == ["a@example.com"]


def test_reset_writes_as_much_for_an_unknown_address_as_for_a_known_one(
    client: Client, sample: SampleTeam, mail_server: MailServer
) -> None:
    for email in (sample.owner.email, "nobody@example.com"):
        assert client.post("/accounts/password/reset/", {"email": email}).status_code == 302
    assert OutgoingMail.objects.count() == 2
    send_all()
    assert mail_server.recipients == [sample.owner.email, "nobody@example.com"]


def test_test_mail_is_sent_at_once_and_shows_the_server_s_answer(
    mail_server: MailServer, capsys: pytest.CaptureFixture[str], settings: Settings
) -> None:
    call_command("sendtestemail", "a@example.com")
    assert mail_server.recipients == ["a@example.com"]
    assert f"127.0.0.1:{mail_server.port} took the mail for a@example.com." in capsys.readouterr().out
    mail_server.rejections = {"b@example.com": "550 no such user"}
    with pytest.raises(CommandError, match="550 no such user"):
        call_command("sendtestemail", "b@example.com")
    mail_server.is_silent = True
    with pytest.raises(CommandError, match="did not answer in 1 seconds"):
        call_command("sendtestemail", "b@example.com")
    settings.EMAIL_HOST = ""
    with pytest.raises(CommandError, match="Set EMAIL_HOST"):
        call_command("sendtestemail", "b@example.com")
