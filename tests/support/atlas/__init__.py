"""A contract server: what only Atlas has, as MongoDB documents it, in front of a MongoDB-wire server."""
