"""What connections must remember and nobody may read: encrypted files beside the store (docs/decisions/0020)."""

from calsync.vault.files import FileVault

__all__ = ["FileVault"]
