-- Store SLIs over a set of windows. The relation is a file of `analytics/relations`, the figures are the SELECTs of the
-- catalogue over it.
INSERT INTO {database}.sli_revisions
(
    time,
    host,
    window_seconds,
    sli,
    part,
    scope,
    scope_key,
    numerator,
    denominator,
    value,
    value_lower,
    value_upper,
    completeness_ratio,
    samples_count,
    reason,
    definition_version,
    data_revision,
    computed_time
)
-- As a view the relation is resolved by itself. Without, the engine would resolve each column of the figures through
-- all of its levels, which costs more than the rows of a thousand VIFs. Materialized, it is planned and computed once for
-- all SLIs.
WITH
{relation_name} AS MATERIALIZED
(
    SELECT *
    FROM view(
{relation}
SELECT *
FROM {relation_name}
    )
),

{losses}figures AS
(
{figures}
)
SELECT
    fromUnixTimestamp64Nano(window_ns, 'UTC'),
    figures.host,
    {window_seconds:UInt32},
    sli,
    part,
    scope,
    scope_key,
    -- Sums of shared-out rows miss whole numbers by some 1e-15; a millionth of a packet is nothing.
    round(numerator, 6) AS rounded_numerator,
    round(denominator, 6) AS rounded_denominator,
    if(
        own_reason = '' AND rounded_denominator > 0 AND shared_ratio > 0,
        rounded_numerator / rounded_denominator,
        NULL
    ) AS figure,
    -- Where nothing was sampled the bounds are the value; what has a bound above is itself the least that it can be.
    if(is_sampled AND isNull(numerator_upper), NULL, figure),
    if(is_sampled, if(isNull(figure), NULL, numerator_upper / rounded_denominator), figure),
    -- Where nothing was expected, nothing is missing; of a silent host nothing is known, not even that.
    multiIf(
        data_revision = 0, 0.,
        expected_ns = 0, seen_ratio,
        least(seen_ratio, observed_ns / expected_ns)
    ) * shared_ratio,
    samples_count,
    multiIf(
        isNotNull(figure), '',
        data_revision = 0, 'silent',
        shared_ratio = 0 OR (expected_ns > 0 AND observed_ns = 0 AND least_ratio < 1), 'lost',
        own_reason != '', own_reason,
        expected_ns = 0, 'no_vifs',
        gap_ns > 0, 'gap',
        reset_ns > 0, 'reset',
        observed_ns = 0, 'no_data',
        'nothing_offered'
    ),
    definition_version,
    data_revision,
    fromUnixTimestamp64Nano({computed_ns:Int64}, 'UTC')
FROM
(
    SELECT
        figures.*,
        -- Rows that are known to be lost: of kinds that no observed time shows; of the others the least complete.
        arrayProduct(arrayMap(
            kind -> if(mapContains({ratios}, kind), {ratios}[kind], 1.), arrayPushBack(shared_kinds, '')
        )) AS shared_ratio,
        arrayMin(arrayMap(
            kind -> if(mapContains({ratios}, kind), {ratios}[kind], 1.), arrayPushBack(observed_kinds, '')
        )) AS least_ratio,
        -- A VIF's own holes say all; of wider scopes there may be VIFs that nothing else tells of.
        if(scope = 'vif', 1., least_ratio) AS seen_ratio
    FROM figures
    {joined}
) AS figures
-- The host's own row says that the window is done, so it comes last should the insert be cut into blocks.
ORDER BY scope = 'host'
