"""The agent: a graph of researcher, synthesizer and judge. Reaches data only through `tools`."""
