"""Pure functions from events to what a wire wants."""
