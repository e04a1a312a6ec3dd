"""The simulation: the real trader over faulty ports in virtual time; one seed is one history."""
