"""Name the addresses of a device's console: functions and lines of the firmware and of its modules.

Where modules lie says the console itself, or the device; what was loaded there is found among the
modules of the build directory by its hash. Data flows one way::

    console line --> placements --> loads ---+
         |                                   v
         +---------> mentions ----------> decoder --> frames, names

Needs Python 3.8 and the toolchain's addr2line.
"""
