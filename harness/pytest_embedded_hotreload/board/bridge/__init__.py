"""A board without hardware: an emulated chip at an RFC2217 port, with reset lines."""
