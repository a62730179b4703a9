"""The WSGI application, for `web` and `runserver`."""

import os
from typing import Any

from django.core.signals import request_started
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imagesearch.settings")
application = get_wsgi_application()


def load_model(**_: Any) -> None:
    """Load the model with the first request, which comes after servers fork. `web` has started it before."""
    from collections_app.management.web_server.process import start_preloading

    start_preloading()


request_started.connect(load_model)
