"""Every format, in the order in which recognition asks. One file a format."""
