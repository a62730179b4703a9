#!/usr/bin/env python
"""Django's command-line entry point."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imagesearch.settings")
    from django.core.management import execute_from_command_line
    from django.db import OperationalError

    from collections_app.index import close_index

    try:
        execute_from_command_line(sys.argv)
    except OperationalError as error:
        if "--traceback" in sys.argv:
            raise
        reason = " ".join(str(error).split()).rstrip(".")
        sys.exit(
            f"The database can't be read or written: {reason}. If its disk is full, make room. Then repeat the command."
        )
    finally:
        # Before Python ends the thread pools: requests of other processes to this one's embedded store are finished.
        close_index()


if __name__ == "__main__":
    main()
