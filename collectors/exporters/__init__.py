"""Exporters of flows: what they send is received, decoded and handed over with the rest of the agent's rows."""
