"""What lane `esp32` needs: Espressif's QEMU, and settings that fit it."""
