"""What connections must remember and nobody may read: encrypted files beside the store (docs/decisions/0020)."""

from calsync.vault.files import FileVault, fields_in, vault_folder
from calsync.vault.lock import locked
from calsync.vault.memory import MemoryVault
from calsync.vault.rotation import reseal

__all__ = ["FileVault", "MemoryVault", "fields_in", "locked", "reseal", "vault_folder"]
