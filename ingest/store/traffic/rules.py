"""Rules of nftables, as `viflux drops` and the pages tell them."""

from __future__ import annotations


def rule_text(row: str) -> str:
    """Return SQL: the rule of nftables in one text, or those that it may have been; empty where none is known."""
    which = f"if({row}.rule_handle = 0, 'policy', concat('handle ', toString({row}.rule_handle)))"
    beside = f"if({row}.rule_comment = '', '', concat(' \"', {row}.rule_comment, '\"'))"
    logged = f"if({row}.rule_log_prefix = '', '', concat(' log \"', {row}.rule_log_prefix, '\"'))"
    words = f"{row}.rule_family, {row}.rule_table, {row}.rule_chain"
    return (
        f"multiIf({row}.rule_table != '', concat(concatWithSeparator(' ', {words}, {which}), {beside}, {logged}), "
        f"{row}.rule_attribution = 'changed' AND {row}.rule_candidates != '', "
        f"concat('changed; then: ', {row}.rule_candidates), {row}.rule_candidates)"
    )
