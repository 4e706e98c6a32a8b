"""Boards on other machines, held by labgrid: run by the Python of labgrid's own environment."""
