"""Answers out of tables: the cell that is asked for, rows and columns beside each other, and all rows at once."""
