"""`calsync demo`: a stranger watches two calendars become and stay the same.

It starts the sandbox, fills it, writes a configuration and drives the installed command line as a user would.
"""
