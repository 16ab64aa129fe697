"""Random histories of one account, replayed by seed: users, faults, crashes and time against the real engine."""
