"""Clients that nobody here wrote, each in a process of its own and in the environment that `make bench` installs.

They import nothing of calsync's. A reader prints `{"events", "wall", "cpu", "began", "memory"}`: what it costs to
read once what it needs is imported and it has signed in.
"""
