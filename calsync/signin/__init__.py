"""For provider authors: signing in to Microsoft Entra ID through msal, as an application or as one person.

msal blocks, even in its constructor, and does not share one request among callers. So it is built and called in a
thread of its own, behind a lock, and its token is kept until shortly before it expires.
"""

from calsync.signin.application import ApplicationTokens
from calsync.signin.challenge import claims_of
from calsync.signin.code_flow import Begun, CodeFlow, Identity
from calsync.signin.credential import Certificate
from calsync.signin.delegated import DelegatedTokens
from calsync.signin.registration import Registration
from calsync.signin.tokens import Tokens

__all__ = [
    "ApplicationTokens",
    "Begun",
    "Certificate",
    "CodeFlow",
    "DelegatedTokens",
    "Identity",
    "Registration",
    "Tokens",
    "claims_of",
]
