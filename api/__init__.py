"""The front door: HTTP, the command line, and the composition root."""
