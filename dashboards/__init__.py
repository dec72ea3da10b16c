"""Boards, each defined once, and the web console that draws them."""
