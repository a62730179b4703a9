"""A process with the settings of its environment: `python -m tests.services.mail.program` posts two forms.

It signs somebody up, asks for a new password, and prints both answers' status and text as JSON lines.
"""

import json
import os

import django

FORMS = {
    "/accounts/signup/": {
        "email": "new@example.com",
        "password1": "kettle-orchard-42",
        "password2": "kettle-orchard-42",
    },
    "/accounts/password/reset/": {"email": "nobody@example.com"},
}


def post_forms() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imagesearch.settings")
    django.setup()
    from django.core.management import call_command
    from django.test import Client

    call_command("migrate", interactive=False, verbosity=0)
    for address, fields in FORMS.items():
        client = Client(raise_request_exception=False, headers={"host": "localhost"})
        answer = client.post(address, fields, follow=True)
        print(json.dumps({"status": answer.status_code, "page": answer.content.decode()}), flush=True)


if __name__ == "__main__":
    post_forms()
