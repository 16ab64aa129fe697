"""A Dockerfile, read as far as this project's needs it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATH = ROOT / "deploy" / "Dockerfile"


@dataclass(frozen=True, slots=True)
class Stage:
    """What stands between one FROM and the next."""

    base: str
    steps: list[tuple[str, str]] = field(default_factory=list)
    """Instructions with their arguments."""

    def all(self, instruction: str) -> list[str]:
        return [value for name, value in self.steps if name == instruction]

    def one(self, instruction: str) -> str:
        (value,) = self.all(instruction)
        return value


def stages(text: str) -> list[Stage]:
    found: list[Stage] = []
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        instruction, _, value = line.strip().partition(" ")
        if instruction == "FROM":
            found.append(Stage(value))
        elif instruction:
            found[-1].steps.append((instruction, value.strip()))
    return found


def command(value: str) -> list[str]:
    """Return a command in its JSON form, as HEALTHCHECK has it behind its options."""
    parsed: list[str] = json.loads(value[value.index("[") :])
    return parsed
