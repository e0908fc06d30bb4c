"""Runs the tools of the build."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from .flavour import RecipeError


def run(*command: str | Path, environment: Mapping[str, str] | None = None, name: str = "") -> None:
    """Runs a tool with `environment` besides this process's; RecipeError with its words if it
    fails, which begin with its `name`."""
    run_clean(*command, environment={**os.environ, **(environment or {})}, name=name)


def run_clean(*command: str | Path, environment: Mapping[str, str], name: str = "") -> None:
    """The same, with nothing of this process's environment."""
    words = [*map(str, command)]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip()
        raise RecipeError(f"{name or Path(words[0]).name} failed:\n{said}")
