"""Words that Graph and EWS spell differently."""

from __future__ import annotations

SENSITIVITIES = {"normal": "Normal", "personal": "Personal", "private": "Private", "confidential": "Confidential"}
IMPORTANCES = {"low": "Low", "normal": "Normal", "high": "High"}
BUSY = {
    "free": "Free",
    "tentative": "Tentative",
    "busy": "Busy",
    "oof": "OOF",
    "workingElsewhere": "WorkingElsewhere",
    "unknown": "NoData",
}
RESPONSES = {
    "none": "Unknown",
    "organizer": "Organizer",
    "tentativelyAccepted": "Tentative",
    "accepted": "Accept",
    "declined": "Decline",
    "notResponded": "NoResponseReceived",
}
ITEM_TYPES = {
    "singleInstance": "Single",
    "occurrence": "Occurrence",
    "exception": "Exception",
    "seriesMaster": "RecurringMaster",
}
ATTENDEES = {"RequiredAttendees": "required", "OptionalAttendees": "optional", "Resources": "resource"}


def reverse(words: dict[str, str]) -> dict[str, str]:
    """Return the table from EWS to Graph."""
    return {theirs: ours for ours, theirs in words.items()}
