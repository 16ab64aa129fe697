"""Ways to sign in to an Exchange Server. Each knows one scheme; a channel knows none."""
