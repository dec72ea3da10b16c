"""The web console: server-rendered, without a build step, the same numbers as JSON."""
