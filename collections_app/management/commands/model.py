"""Show the active model, or change it without an interruption of searches."""

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from collections_app.encoders import ModelSpec
from collections_app.errors import ImageSearchError
from collections_app.management.lookups import parse_percent
from collections_app.management.run_until_signal import describe_duration, drain_queue_with_progress
from collections_app.models import Image, IndexModel
from collections_app.services.indexing.kept_models import DEMO_MODEL, KeptModel, get_model_source, read_kept_models
from collections_app.services.indexing.model_changes import (
    advance_preparation,
    drop_model,
    roll_back_model,
    start_preparing,
    switch_model,
)
from collections_app.services.indexing.model_progress import measure_preparation
from collections_app.services.indexing.model_settings import (
    describe_settings,
    ensure_active_model,
    is_named_by_settings,
)


class Command(BaseCommand):
    help = "Show the active model and download it if it is not on this machine, or change the model."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", metavar="ACTION", help="without one, show the model")
        actions.add_parser("show", help="show the active model, the other one and its progress")
        prepare = actions.add_parser("prepare", help="index every picture with another model, beside the active one")
        prepare.add_argument("name", metavar="NAME", help="a hub name, a folder or demo")
        prepare.add_argument("--revision", default="", help="revision on the hub")
        prepare.add_argument("--dtype", default=settings.CLIP_DTYPE, help="number format, default CLIP_DTYPE")
        prepare.add_argument("--no-wait", action="store_true", help="only queue; an index worker does the rest")
        prepare.add_argument(
            "--share-of-machine",
            metavar="PERCENT",
            type=parse_percent,
            default=100,
            help="how much of its time each lane of every worker may spend on it",
        )
        compare = actions.add_parser("compare", help="measure how well the two models search, by the ratings of people")
        compare.add_argument("--k", default="10", metavar="N", help="how many first hits count, default 10")
        compare.add_argument("--team", metavar="ID_OR_NAME", help="only ratings of this team's pictures")
        compare.add_argument("--demo", action="store_true", help="judge by the demo's drawn scenes")
        switch = actions.add_parser("switch", help="make the prepared model active")
        roll_back = actions.add_parser("rollback", help="make the previous model active again")
        for change in (switch, roll_back):
            change.add_argument(
                "--skip-failed",
                action="store_true",
                help="even if the model could not encode some pictures; searches do not find these",
            )
        drop = actions.add_parser("drop", help="delete the vectors of the model that is not active")
        drop.add_argument("name", metavar="NAME", help="its name or its key")

    def handle(self, *_: Any, action: str | None, **options: Any) -> None:
        try:
            self._actions[action or "show"](options)
        except ImageSearchError as error:
            raise CommandError(str(error)) from error

    @property
    def _actions(self) -> dict[str, Callable[[dict[str, Any]], None]]:
        return {
            "show": self._show,
            "prepare": self._prepare,
            "compare": self._compare,
            "switch": self._switch,
            "rollback": self._roll_back,
            "drop": self._drop,
        }

    def _show(self, _options: dict[str, Any]) -> None:
        active = ensure_active_model()
        # Reading the key of the encoder downloads the model.
        self.stdout.write(f"{active.name}: {active.row.dim} dimensions, {active.encoder.key}")
        for model in read_kept_models()[1:]:
            self.stdout.write(f"{model.name}: {model.row.state}, {_describe_progress(model.row)}, {model.key}")

    def _prepare(self, options: dict[str, Any]) -> None:
        name = options["name"]
        if name != DEMO_MODEL and Path(name).expanduser().is_dir():
            name = str(Path(name).expanduser().resolve())
        spec = ModelSpec(source=get_model_source(name), revision=options["revision"], dtype=options["dtype"])
        model = start_preparing(spec, name=name, machine_percent=options["share_of_machine"])
        self.stdout.write(f"Preparing {name}: {_describe_progress(model.row)}.")
        if not options["no_wait"]:
            drain_queue_with_progress()
        advance_preparation()
        self._report(model)

    def _report(self, model: KeptModel) -> None:
        row = IndexModel.objects.get(pk=model.row.pk)
        if failed := Image.objects.failed().count():
            self.stderr.write(f"Pictures that could not be indexed: {failed}. Searches by {row.name} do not find them.")
        if failed := measure_preparation(row).failed:
            self.stderr.write(
                f"Pictures that {row.name} could not encode: {failed}. Searches by the active model find them. "
                "The index jobs of the administration have the reasons. To try again, run this command again."
            )
        if KeptModel(row=row).is_being_prepared:
            self.stdout.write("Not finished. An index worker continues; so does this command if you run it again.")
        else:
            self.stdout.write(f"{row.name} is ready. Compare the two: model compare. Change to it: model switch.")

    def _compare(self, options: dict[str, Any]) -> None:
        models = read_kept_models()
        if len(models) < 2:
            raise CommandError("Only one model is kept. Prepare another one first: manage.py model prepare NAME")
        has_same_name = models[0].name == models[1].name
        first, second = (each.key if has_same_name else each.name for each in models)
        words = ["--k", options["k"], *(["--demo"] if options["demo"] else [])]
        words += ["--team", options["team"]] if options["team"] else []
        call_command("evaluate", "--model", first, "--compare", second, *words, stdout=self.stdout, stderr=self.stderr)

    def _switch(self, options: dict[str, Any]) -> None:
        self._report_change(switch_model(skips_failed=options["skip_failed"]))

    def _roll_back(self, options: dict[str, Any]) -> None:
        self._report_change(roll_back_model(skips_failed=options["skip_failed"]))

    def _report_change(self, active: KeptModel) -> None:
        former = next(each for each in read_kept_models() if not each.is_active)
        self.stdout.write(
            f"{active.name} is active now. {former.name} is kept up to date until: manage.py model drop {former.name}"
        )
        if not is_named_by_settings(active.row):
            self.stdout.write(f"Set {describe_settings(active.row)} before you drop it.")

    def _drop(self, options: dict[str, Any]) -> None:
        self.stdout.write("This waits 15 seconds for running searches, and for running batches.")
        self.stdout.write(f"{drop_model(options['name'])} is dropped.")


def _describe_progress(row: IndexModel) -> str:
    progress = measure_preparation(row)
    line = f"{progress.done:,} of {progress.total:,} pictures"
    if progress.failed:
        line += f", {progress.failed:,} failed"
    if progress.left_s:
        line += f", {progress.pictures_per_s:.1f} pictures/s, time left: {describe_duration(progress.left_s)}"
    return line
