"""What is in modules and firmwares, from their ELF files and the debug information in these.

Data flows one way::

    files --> module, firmware: names, identity, places
      |                     |
      v                     v
    dwarf --> types --> compare --> differences     normal --> changes
"""
