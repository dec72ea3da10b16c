"""`viflux up`: the stages of one host, started, watched, restarted and drained in order."""
