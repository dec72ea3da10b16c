"""The agent of one host: runs the sources and writes what they tell into the spool."""
