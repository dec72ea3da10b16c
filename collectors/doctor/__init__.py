"""What `viflux doctor` tells of the host, the agent and its programs in the kernel."""
