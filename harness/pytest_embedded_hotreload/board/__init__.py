"""Boards on serial ports: which there are, who has which, how they are flashed and reset."""
