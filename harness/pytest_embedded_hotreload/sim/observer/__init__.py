"""What a firmware on the simulated board executes and accesses, seen by a plug-in of QEMU."""
