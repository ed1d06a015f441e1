"""Collect once, serve many: the county's hub for data elements (Order 809, art. 19)."""

__version__ = "0.1.0"
