"""What people do with calsync. The command line and the pages call the same functions."""
