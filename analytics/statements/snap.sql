-- A sweep comes a little after the full 10 s, never exactly then; within 200 ms it is taken as on the grid, so that its
-- numbers stay whole and no slice is 0.1 % incomplete.
(
    instant_ns -> if(
        abs(intDiv(instant_ns + 5000000000, 10000000000) * 10000000000 - instant_ns) <= 200000000,
        intDiv(instant_ns + 5000000000, 10000000000) * 10000000000,
        instant_ns
    )
) AS snap
