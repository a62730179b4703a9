"""The files for deployment agree with the application: settings, commands, limits, secrets and health conditions.

`make image-test` builds the image and runs it. No test here starts a container.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands

from imagesearch import env
from tests.test_documents import OPERATING, ROOT, read_table
from tests.test_proxy import read_nginx

COMPOSE_FILES = ("compose.yaml", "compose.production.yaml")
UNITS = sorted((ROOT / "deploy" / "systemd").iterdir())
# Read by boto3, Hugging Face's hub and Python.
OTHER_VARIABLES = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "HF_HOME"}
ONCE = {"prepare", "model", "bucket"}
OF_THE_IMAGE = "the image or the compose file sets it to what the container has"
NOT_SETTABLE = {
    "compose.yaml": {
        **dict.fromkeys(("DATA_DIR", "HOST", "PORT", "BACKUP_DIR", "METRICS_HOST"), OF_THE_IMAGE),
        "DEBUG": "for development: its pages show settings",
        "MACHINES": "this file is for one machine",
    },
    "compose.production.yaml": {
        **dict.fromkeys(("DATA_DIR", "HOST", "PORT", "BACKUP_DIR", "METRICS_HOST"), OF_THE_IMAGE),
        "DEBUG": "for development: its pages show settings",
        "WEB_WORKERS": "only `serve` reads it; here `web` has replicas",
        **dict.fromkeys(("ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS"), "SITE_HOST sets it"),
        **dict.fromkeys(("HTTPS", "TRUSTED_PROXY_COUNT"), "the service `proxy` decides it"),
    },
}

both = pytest.mark.parametrize("name", COMPOSE_FILES)
needs_compose = pytest.mark.skipif(not shutil.which("docker-compose"), reason="needs Debian's package docker-compose")
units = pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)


def read_compose(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / name).read_text())
    return found


def read_services(name: str) -> dict[str, dict[str, Any]]:
    services: dict[str, dict[str, Any]] = read_compose(name)["services"]
    return services


def read_site_services(name: str) -> dict[str, dict[str, Any]]:
    return {key: each for key, each in read_services(name).items() if "imagesearch" in each["image"]}


def read_units(unit: Path) -> Iterator[tuple[str, str]]:
    for line in unit.read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            yield name, value


def find_unknown_variables(names: set[str]) -> set[str]:
    known = {*read_table(OPERATING, "Settings"), *OTHER_VARIABLES}
    return {name for name in names if name not in known and name.removesuffix("_FILE") not in known}


@both
def test_compose_sets_only_variables_that_the_site_reads(name: str) -> None:
    for service in read_site_services(name).values():
        assert find_unknown_variables(set(service["environment"])) == set()


@both
def test_operators_can_set_every_setting_through_compose(name: str) -> None:
    """By the variable's name in the shell or in .env, or in a secret file."""
    for key, service in read_site_services(name).items():
        environment = service["environment"]
        passed_on = {each for each, value in environment.items() if value is None or "${" + each in value}
        from_files = {each.removesuffix("_FILE") for each in environment if each.endswith("_FILE")}
        assert set(read_table(OPERATING, "Settings")) - passed_on - from_files == set(NOT_SETTABLE[name]), key


@both
def test_ports_of_the_host_lead_to_pages_alone(name: str) -> None:
    """The metrics and the services of the site are for the network of the containers."""
    ports = {key: service["ports"] for key, service in read_services(name).items() if "ports" in service}
    assert ports in ({"site": ["127.0.0.1:${PORT:-8000}:8000"]}, {"proxy": ["80:8080", "443:8443"]})
    assert all(each["environment"]["METRICS_HOST"] == "0.0.0.0" for each in read_site_services(name).values())


@both
def test_compose_runs_commands_that_exist(name: str) -> None:
    for service in read_site_services(name).values():
        assert service["command"][0] in get_commands()


@both
def test_containers_of_the_site_are_confined(name: str) -> None:
    for key, service in read_site_services(name).items():
        assert service["read_only"] is True, key
        assert service["cap_drop"] == ["ALL"], key
        assert service["security_opt"] == ["no-new-privileges:true"], key
        assert service["volumes"] == ["data:/data", "${BACKUP_FOLDER:-backups}:/backups"], key
        assert service["environment"]["BACKUP_DIR"] == "/backups", key
        assert "user" not in service, key
        assert service["init"] is True, key


@both
def test_containers_are_started_again_and_images_are_pinned(name: str) -> None:
    for key, service in read_services(name).items():
        assert service["restart"] == ("on-failure:3" if key in ONCE else "unless-stopped"), key
        tag = service["image"].rpartition(":")[2]
        assert "imagesearch" in service["image"] or re.search(r"\d+\.\d+|\d{4}|^\d+-", tag), key


@both
def test_compose_contains_no_secret(name: str) -> None:
    compose = read_compose(name)
    for key, service in compose["services"].items():
        for variable, value in service.get("environment", {}).items():
            is_secret = re.search(r"PASSWORD|SECRET|TOKEN|KEY", variable)
            assert not is_secret or value is None or str(value).startswith("/run/secrets/"), variable
            if is_secret and name == "compose.production.yaml" and key in read_site_services(name):
                assert value, f"{variable} would be visible in `docker inspect`"
        assert set(service.get("secrets", [])) <= set(compose.get("secrets", {}))


def test_secrets_that_services_read_are_given_to_them() -> None:
    for key, service in read_services("compose.production.yaml").items():
        named = set(re.findall(r"/run/secrets/(\w+)", json.dumps(service)))
        if key == "proxy":
            named = set(re.findall(r"/run/secrets/(\w+)", read_nginx()))
        assert named == set(service.get("secrets", [])), key


def test_production_has_two_web_containers_and_two_index_workers() -> None:
    services = read_services("compose.production.yaml")
    assert {key: services[key]["deploy"]["replicas"] for key in ("web", "index_worker")} == {
        "web": 2,
        "index_worker": 2,
    }
    settings = services["web"]["environment"]
    assert settings["MILVUS_URI"] == "${MILVUS_URI:-http://milvus:19530}"
    assert settings["STORAGE_URL"] == "${STORAGE_URL:-s3://pictures}"
    assert settings["DATABASE_URL_FILE"]


def test_services_wait_until_what_they_need_is_healthy() -> None:
    services = read_services("compose.production.yaml")
    for key, service in services.items():
        for needed, how in service.get("depends_on", {}).items():
            expected = "service_completed_successfully" if needed in ONCE else "service_healthy"
            assert how == {"condition": expected}, (key, needed)
            assert needed in ONCE or "healthcheck" in services[needed], needed
    assert {"prepare", "database", "milvus", "storage", "bucket"} <= set(services["web"]["depends_on"])
    assert set(services["index_worker"]["depends_on"]) == set(services["web"]["depends_on"])


def read_as_compose_does(name: str, folder: Path, **variables: str) -> dict[str, dict[str, Any]]:
    """Return the services as Debian's docker-compose understands them. It does not know a name of the project."""
    compose = {key: value for key, value in read_compose(name).items() if key != "name"}
    (folder / name).write_text(yaml.safe_dump({"version": "3.9", **compose}))
    command = ["docker-compose", "--file", str(folder / name), "config"]
    environment = {"PATH": "/usr/bin:/bin", "SITE_HOST": "pictures.example.com", **variables}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    services: dict[str, dict[str, Any]] = yaml.safe_load(done.stdout)["services"]
    return services


@both
@needs_compose
def test_compose_file_fits_the_schema(name: str, tmp_path: Path) -> None:
    services = read_as_compose_does(name, tmp_path)
    for key, service in read_site_services(name).items():
        unset = {each for each, value in service["environment"].items() if value is None}
        assert {each for each in unset if services[key]["environment"][each] is not None} == set()
    if name == "compose.production.yaml":
        assert services["web"]["environment"]["MILVUS_URI"] == "http://milvus:19530"


@both
@needs_compose
def test_values_of_the_shell_reach_the_containers(name: str, tmp_path: Path) -> None:
    values = {each: f"value of {each}" for each in read_table(OPERATING, "Settings")}
    values |= {"PORT": "8123", "BACKUP_FOLDER": "/mnt/backups"}
    services = read_as_compose_does(name, tmp_path, **values)
    for key in read_site_services(name):
        environment = services[key]["environment"]
        for each in set(values) - set(NOT_SETTABLE[name]) - {"BACKUP_FOLDER"}:
            assert f"{each}_FILE" in environment or environment[each] == values[each], (key, each)
        assert services[key]["volumes"][1].split(":")[:2] == ["/mnt/backups", "/backups"]


def test_secrets_are_made_once_and_only_the_owner_can_reach_them(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    script = shutil.copy(ROOT / "deploy" / "make-secrets", tmp_path / "deploy")
    subprocess.run([script], check=True, capture_output=True)
    made = {path.name: path.read_bytes() for path in (tmp_path / "secrets").iterdir()}
    assert set(read_compose("compose.production.yaml")["secrets"]) - set(made) <= {"certificate", "certificate_key"}
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    password = made["database_password"].decode()
    assert len(password) == 64
    assert made["database_url"].decode() == f"postgresql://imagesearch:{password}@database:5432/imagesearch"

    subprocess.run([script], check=True, capture_output=True)
    assert {path.name: path.read_bytes() for path in (tmp_path / "secrets").iterdir()} == made


def test_secrets_that_were_made_are_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deploy").mkdir()
    subprocess.run(
        [shutil.copy(ROOT / "deploy" / "make-secrets", tmp_path / "deploy")], check=True, capture_output=True
    )
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("DATABASE_URL_FILE", str(tmp_path / "secrets" / "database_url"))
    database = env.database("DATABASE_URL")
    assert database
    assert (database["HOST"], database["NAME"]) == ("database", "imagesearch")
    monkeypatch.setenv("EMAIL_HOST_PASSWORD_FILE", str(tmp_path / "secrets" / "mail_password"))
    assert env.text("EMAIL_HOST_PASSWORD") == ""


def test_image_runs_the_site_as_another_user_and_checks_its_health() -> None:
    lines = (ROOT / "Dockerfile").read_text()
    assert re.search(r"^USER 10001:10001$", lines, re.MULTILINE)
    assert re.findall(r"^VOLUME (.+)$", lines, re.MULTILINE) == ["/data"]
    # A new volume gets the owner of the folder that it is mounted at.
    assert "install --directory --owner 10001 --group 10001 --mode 700 /data /backups" in lines
    assert 'CMD ["python", "manage.py", "health"]' in lines
    assert 'ENTRYPOINT ["python", "manage.py"]' in lines
    assert re.search(r'^CMD \["serve"\]$', lines, re.MULTILINE)
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version
    assert f"ARG VERSION={version[1]}\n" in lines


def test_image_contains_what_the_site_needs_and_nothing_else() -> None:
    included = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert included == {
        *("LICENSE", "manage.py", "requirements.txt"),
        *("collections_app", "imagesearch", "static", "templates"),
    }


@units
def test_units_run_commands_that_exist_with_settings_that_exist(unit: Path) -> None:
    for name, value in read_units(unit):
        if name == "ExecStart":
            assert value.split()[2] in get_commands()
        if name == "Environment":
            assert find_unknown_variables({each.partition("=")[0] for each in value.split()}) == set()


@units
def test_units_are_confined_to_what_they_write(unit: Path) -> None:
    values = dict(read_units(unit))
    if unit.suffix == ".service":
        assert values["User"] == "imagesearch"
        assert values["ProtectSystem"] == "strict"
        assert f"DATA_DIR=/var/lib/{values['StateDirectory']}" in unit.read_text()
        assert values["NoNewPrivileges"] == "true"
        makes_backups = values["ExecStart"].split()[2] in ("serve", "index_worker")
        assert values.get("ReadWritePaths") == ("-/var/backups/imagesearch" if makes_backups else None)
        assert not makes_backups or "BACKUP_DIR=/var/backups/imagesearch" in unit.read_text()


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd")
def test_units_fit_together_and_have_no_unknown_lines(tmp_path: Path) -> None:
    """systemd checks that the program of each unit exists, so they get one that does."""
    for unit in UNITS:
        text = unit.read_text().replace("/opt/imagesearch/.venv/bin/python", sys.executable)
        (tmp_path / unit.name.replace("@.", "@1.")).write_text(text)
    command = ["systemd-analyze", "verify", *map(str, tmp_path.iterdir())]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    own = [line for line in done.stderr.splitlines() if "imagesearch" in line or str(tmp_path) in line]
    assert (done.returncode, own) == (0, [])
