"""The pure core: what an event is, what is to be done. No I/O, no clock, no logging."""
