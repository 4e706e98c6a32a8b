"""What the lanes on QEMU share: a machine with a flash of its own, driven by QMP."""
