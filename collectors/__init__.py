"""The collectors: the agent, its sources, and the native core that asks the kernel."""
