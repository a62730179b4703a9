"""The lines that every benchmark prints: the machine, the versions, and whether a goal is met."""

import os
import platform
from importlib.metadata import version


def print_machine(*packages: str) -> None:
    machine = platform.processor() or platform.machine()
    load = f"load {os.getloadavg()[0]:.1f}"
    print(f"machine: {machine}, {os.cpu_count()} cores, {load}, Python {platform.python_version()}")
    if packages:
        print(f"versions: {', '.join(f'{name} {version(name)}' for name in packages)}")


def describe_most(value: float, most: float) -> str:
    return f"goal: at most {most:g}: {'met' if value <= most else 'MISSED'}"


def describe_least(value: float, least: float) -> str:
    return f"goal: at least {least:g}: {'met' if value >= least else 'MISSED'}"
