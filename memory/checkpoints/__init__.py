"""Graph checkpoints, one saver per technology."""
