"""How the tests are shared out among processes: `make test` runs two at once."""

from __future__ import annotations

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test the group that stays together in one process.

    Tests that make network namespaces see each other's, so they follow one another; they go first, for they are the
    longest row. Others stay with their module, which shares a store or a browser.
    """
    for item in items:
        is_alone = item.get_closest_marker("root") is not None
        item.add_marker(pytest.mark.xdist_group("root" if is_alone else item.nodeid.partition("::")[0]))
    items.sort(key=lambda item: item.get_closest_marker("root") is None)
