"""Identities that hold for any data."""
