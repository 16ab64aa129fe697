"""The sandbox's sign-in authority: what msal needs of login.microsoftonline.com, for applications and people."""

from calsync_sandbox.authority.server import AuthorityServer
from calsync_sandbox.authority.tokens import Tokens

__all__ = ["AuthorityServer", "Tokens"]
