"""Collect once, serve many: the county's hub for data elements (Order 809, art. 19)."""

import gc

__version__ = "0.1.0"

# Loading the program makes some hundred thousand objects, and all of them stay. Looking after every 700 new ones
# whether any is no longer wanted, as Python does unless told, took a quarter of the time of every command's start.
# A serving process, which lives for months, looks more often (hub/runtime.py).
gc.set_threshold(500_000)
