"""Boards of a farm: what is asked of labgrid, and what becomes of it."""
