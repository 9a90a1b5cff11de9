"""What the agent knows about words: aligning a claim with a quote, and deciding on a draft. Pure functions."""
