"""calsync keeps an estate agent's FLOWFACT calendar and Outlook calendar the same."""

__version__ = "0.1.0"
