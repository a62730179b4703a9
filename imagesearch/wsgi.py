"""The WSGI application, for gunicorn and `runserver`."""

import os
from typing import Any

from django.core.signals import request_started
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imagesearch.settings")
application = get_wsgi_application()


def load_model(**_: Any) -> None:
    """With the first request, which no server takes before it has forked; under gunicorn it is on its way already."""
    from collections_app.encoders import load_in_background

    load_in_background()


request_started.connect(load_model)
