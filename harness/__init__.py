"""The hardware-in-the-loop test harness of the hot-reload component."""
