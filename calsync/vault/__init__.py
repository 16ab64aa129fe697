"""What connections must remember and nobody may read: encrypted files beside the store (docs/decisions/0018)."""

from calsync.vault.files import FileVault

__all__ = ["FileVault"]
