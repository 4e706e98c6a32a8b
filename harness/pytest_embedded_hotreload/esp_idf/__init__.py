"""What the lanes on the real ESP-IDF share: the one that the environment has exported."""
