#!/usr/bin/env python
"""Django's command-line entry point."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imagesearch.settings")
    from django.core.management import execute_from_command_line

    from collections_app.index import close_index

    try:
        execute_from_command_line(sys.argv)
    finally:
        # Before Python ends the thread pools: requests of other processes to this one's embedded store are finished.
        close_index()


if __name__ == "__main__":
    main()
