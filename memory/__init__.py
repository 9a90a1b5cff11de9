"""Everything the system remembers: records, ports and their adapters. Imports nothing of ours."""
