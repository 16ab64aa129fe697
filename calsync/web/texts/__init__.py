"""Every text of the pages, in `de.yaml` and `en.yaml`, by the same keys. Those of reasons are elsewhere."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, get_args

import yaml
from markupsafe import Markup, escape

from calsync import reasons

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calsync.reasons import Language

LANGUAGES: tuple[Language, ...] = get_args(reasons.Language)
FALLBACK: Language = "en"


class Texts:
    """The texts in one language."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._texts = load(language)

    def __call__(self, key: str, **values: object) -> str:
        """Return a text with its `{names}` filled in. Templates escape all but what is markup among the values."""
        text = self._texts[key]
        if any(isinstance(value, Markup) for value in values.values()):
            return escape(text).format(**values)
        return text.format(**values)

    def count(self, key: str, count: int, **values: object) -> str:
        """Return the text `KEY.one` or `KEY.other`, in which the count is `{count}`."""
        return self(f"{key}.{'one' if count == 1 else 'other'}", count=count, **values)

    def reason(self, word: str) -> str:
        """Return the sentence of a reason. That of a failure is a sentence already."""
        return reasons.sentence(word, self.language) if reasons.known(word) or " " not in word else word


@cache
def load(language: Language) -> Mapping[str, str]:
    """Return a language's texts by their keys, parts of which are joined by dots."""
    text = resources.files("calsync.web.texts").joinpath(f"{language}.yaml").read_text("utf-8")
    return dict(_flat(yaml.safe_load(text), ""))


def negotiated(accepted: str) -> Language:
    """Return the language that suits a browser's `Accept-Language` best (RFC 9110, section 12.5.4)."""
    weighed = sorted(_weighed(accepted), key=lambda one: -one[0])
    offered = (language for weight, tag in weighed if weight > 0 for language in LANGUAGES if tag == language)
    return next(offered, FALLBACK)


def _weighed(accepted: str) -> Iterator[tuple[float, str]]:
    for part in accepted[:1000].split(","):
        tag, _, weight = part.strip().partition(";q=")
        try:
            yield float(weight or 1), tag.partition("-")[0].lower()
        except ValueError:
            continue


def _flat(nested: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in nested.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", str(value)
