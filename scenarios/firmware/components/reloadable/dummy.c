// a component with no source of its own is not a library: the stubs need one to go into
