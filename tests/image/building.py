"""Building the image without a registry: a base from Debian's packages, then the Dockerfile, with buildah."""

import ast
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
BASE, IMAGE = "localhost/imagesearch-base", "localhost/imagesearch"
# Where the build sees the files that pip's configuration names. Their own paths may belong to packages of the image.
_PIP_FILES = Path("/run/pip-files")
_TOOLS = ("buildah", "debootstrap")


@dataclass(frozen=True, slots=True, kw_only=True)
class Builder:
    """Runs buildah with a storage of its own, so that the images of this machine are not touched."""

    scratch: Path

    def run(self, *words: str | Path, shows_output: bool = False) -> str:
        """Return the output, or show it and return "". A failure ends the program."""
        storage = ("--root", self.scratch / "storage", "--runroot", self.scratch / "run", "--storage-driver", "vfs")
        return run(["buildah", *storage, *words], shows_output=shows_output)

    def make_base(self) -> None:
        """Make an image of Debian's minimal packages, as `debian:…-slim` is, from the mirror that apt uses here."""
        codename, mirror = find_mirror()
        print(f"Making a base of Debian {codename} from {mirror} …", flush=True)
        container = self.run("from", "scratch")
        root = Path(self.run("mount", container))
        run(["debootstrap", "--variant=minbase", codename, root, mirror])
        for archive in (root / "var/cache/apt/archives").glob("*.deb"):
            archive.unlink()
        self.run("umount", container)
        self.run("commit", "--rm", container, BASE)

    def build(self) -> None:
        print("Building the image …", flush=True)
        revision = run(["git", "-C", ROOT, "rev-parse", "HEAD"])
        arguments = ("--build-arg", f"BASE_IMAGE={BASE}", "--build-arg", f"REVISION={revision}")
        # The format of OCI has no HEALTHCHECK.
        options = ("--isolation", "chroot", "--format", "docker", "--pull-never", *arguments, *self._hand_over_pip())
        self.run("bud", *options, "--tag", IMAGE, ROOT, shows_output=True)

    def describe(self) -> dict[str, Any]:
        """Return the configuration of the image: User, Env, Entrypoint, Cmd, Healthcheck and so on."""
        config: dict[str, Any] = json.loads(self.run("inspect", "--type", "image", IMAGE))["Docker"]["config"]
        return config

    def get_size(self) -> str:
        (image,) = json.loads(self.run("images", "--json", IMAGE))
        return str(image["size"])

    def _hand_over_pip(self) -> list[str]:
        """Return the options with which pip inside the build uses the indexes and certificates of this machine."""
        folder = self.scratch / "pip"
        folder.mkdir()
        lines, folders = ["[global]"], set[Path]()
        for name, value in read_pip_configuration().items():
            words = []
            for word in value.split():
                path = Path(word.removeprefix("file://"))
                if path.is_file():
                    shutil.copy(path, folder / f"{name}-{path.name}")
                    word = str(_PIP_FILES / f"{name}-{path.name}")
                elif path.is_absolute() and path.is_dir():
                    # The pages of an index link to files beside it.
                    folders.add(path.parent if word.startswith("file://") else path)
                words.append(word)
            lines.append(f"{name} = {' '.join(words)}")
        (self.scratch / "pip.conf").write_text("\n".join(lines))
        volumes = [(folder, _PIP_FILES), *((path, path) for path in sorted(folders))]
        mounted = [word for source, target in volumes for word in ("--volume", f"{source}:{target}:ro")]
        return ["--secret", f"id=pip,src={self.scratch / 'pip.conf'}", *mounted]


def run(words: Sequence[str | Path], *, shows_output: bool = False) -> str:
    done = subprocess.run(
        [str(word) for word in words], check=False, text=True, stdout=None if shows_output else subprocess.PIPE
    )
    if done.returncode:
        sys.exit(f"{done.stdout or ''}\nFailed: {' '.join(map(str, words))}")
    return (done.stdout or "").strip()


def install_tools() -> None:
    missing = [tool for tool in _TOOLS if not shutil.which(tool)]
    if missing:
        print(f"Installing {', '.join(missing)} …", flush=True)
        run(["apt-get", "update", "-qq"])
        run(["apt-get", "install", "-qq", "--no-install-recommends", *missing], shows_output=True)


def find_mirror() -> tuple[str, str]:
    """Return the codename of this Debian and the address from which apt gets its main packages."""
    release = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    codename = release.get("VERSION_CODENAME", "")
    listed = run(["apt-get", "indextargets", "--format", "$(CODENAME) $(COMPONENT) $(SITE)", "Created-By: Packages"])
    for line in listed.splitlines():
        if line.split()[:2] == [codename, "main"]:
            return codename, line.split()[2]
    sys.exit(f"apt has no source of the main packages of {codename!r}.")


def read_pip_configuration() -> dict[str, str]:
    """Return pip's options on this machine. Those of the environment come last in pip's list and win."""
    found = {}
    for line in run([sys.executable, "-m", "pip", "config", "list"]).splitlines():
        key, _, value = line.partition("=")
        with suppress(ValueError, SyntaxError):
            found[key.rpartition(".")[2]] = str(ast.literal_eval(value))
    return found
