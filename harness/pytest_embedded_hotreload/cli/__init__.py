"""The command `hotreload`: modules and devices from a shell, for people and for programs.

Each command is a file in `commands/` that reads its options and calls the component's tools, or
`elf/`, which knows what is in modules and firmwares. Nothing is imported before it is needed: the
command is to answer at once.
"""
