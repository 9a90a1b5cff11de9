"""Writes docs/faults.md from the table: `python -m tests.faults`."""

from tests.faults.page import FILE, page

if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
