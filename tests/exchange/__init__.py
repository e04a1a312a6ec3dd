"""A venue of our own on loopback: real HTTP, the venue's wire formats, paging, caching, limits and faults."""
