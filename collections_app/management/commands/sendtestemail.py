"""Send a test mail at once, without the queue, and show the mail server's answer."""

import smtplib
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.management.base import BaseCommand, CommandError

from collections_app.services.mail.smtp_sender import describe_failure, open_server


class Command(BaseCommand):
    help = "Send a test mail to each address at once, to check EMAIL_HOST and the other settings of mail."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", nargs="+", help="an address that gets the mail")

    def handle(self, *_: Any, email: list[str], **__: Any) -> None:
        if not settings.EMAIL_HOST:
            raise CommandError("There is no mail server. Set EMAIL_HOST.")
        server = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
        text = f"{server} accepts mail of this site."
        connection = open_server()
        for address in email:
            message = EmailMessage("Test mail of imagesearch", text, None, [address], connection=connection)
            try:
                message.send()
            except (OSError, smtplib.SMTPException, ValueError) as error:
                reason = describe_failure(error)
                raise CommandError(f"{server} did not take the mail for {address}: {reason}") from error
            self.stdout.write(f"{server} took the mail for {address}.")
