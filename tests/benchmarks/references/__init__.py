"""Two bots to measure against: ``common``, what most people write, and ``floor``, what Python allows."""
