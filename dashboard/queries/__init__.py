"""What the pages ask, by topic: the only folder of the dashboard that touches AWS. Every answer serves all viewers."""
