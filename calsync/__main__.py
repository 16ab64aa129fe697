"""`python -m calsync` is the command `calsync`."""

from calsync.cli import main

main()
