-- Both directions of a VIF.
(
    (one, other) -> (
        true, one.2 + other.2, one.3 + other.3, one.4 + other.4, one.5 + other.5, one.6 + other.6
    )
) AS added
