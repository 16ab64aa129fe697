"""The second file of a configuration, which the pages keep, on the disk (docs/decisions/0028).

It is plain YAML, with `!kept NAME` where a secret belongs, whose value is sealed in the vault of its connection.
What holds of its content is said by `calsync.config`.
"""

from calsync.second.draft import Draft, Kept, connections_in, dumped
from calsync.second.file import SecondFile, is_own_name, own_name

__all__ = ["Draft", "Kept", "SecondFile", "connections_in", "dumped", "is_own_name", "own_name"]
