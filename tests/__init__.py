"""All tests; a package, so that a folder here may have the name of the folder it tests."""
