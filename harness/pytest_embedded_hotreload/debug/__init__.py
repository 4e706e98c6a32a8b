"""What a person needs to look into a failure: a device that is kept, and a debugger."""
