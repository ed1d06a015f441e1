"""Pulls what a department was granted from a collect-once hub into the department's own file and table.

It speaks only HTTP to the hub (CONTRACT.md) and never imports it: a department installs this distribution alone.
"""
