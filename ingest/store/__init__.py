"""The store: the embedded server, its client, its tables and their migrations."""
