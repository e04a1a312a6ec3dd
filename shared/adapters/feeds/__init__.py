"""What lies between the sources and the engine: one bounded inbox, roles and their health, latency and coverage."""
