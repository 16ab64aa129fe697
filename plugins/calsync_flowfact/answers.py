"""What a probe tells: one answer for each question about a tenant, in English and German."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was found out about one question."""

    question: str
    """A word that never changes, for JSON."""
    severity: str
    """`ok`; `warning` for what calsync can do without; `error` for what is in its way; `unknown` for no answer."""
    en: str
    de: str

    def said(self, language: str) -> str:
        return self.de if language == "de" else self.en


def ok(question: str, en: str, de: str) -> Answer:
    return Answer(question=question, severity="ok", en=en, de=de)


def warning(question: str, en: str, de: str) -> Answer:
    return Answer(question=question, severity="warning", en=en, de=de)


def problem(question: str, en: str, de: str) -> Answer:
    return Answer(question=question, severity="error", en=en, de=de)


def unknown(question: str, en: str, de: str) -> Answer:
    return Answer(question=question, severity="unknown", en=en, de=de)
