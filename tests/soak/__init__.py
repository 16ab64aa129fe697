"""The service for as long as wanted, in real time: many accounts, people at work, faults and restarts."""
