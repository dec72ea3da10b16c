-- What went to and from one VIF, step by step: one row a step and direction in which any figure was computed.
--
-- Bytes and the seconds that were read are M1's numerator and denominator, lost and offered packets M2's. A sum is of the
-- windows where it is known; null where it is in none, and `reasons` says why. A completeness is of the whole step:
-- a window without a figure counts as nothing.
SELECT
    intDiv(toUnixTimestamp(time), {step_seconds:UInt32}) * {step_seconds:UInt32} AS step_time,
    if(part IN ('to', 'local_to'), 'to', 'from') AS direction,
    sumIf(numerator, sli = 'M1' AND isNotNull(numerator) AND denominator > 0) AS bytes,
    sumIf(denominator, sli = 'M1' AND isNotNull(numerator) AND denominator > 0) AS seconds,
    sumIf(numerator, sli = 'M2' AND isNotNull(numerator) AND isNotNull(denominator)) AS lost_packets,
    sumIf(denominator, sli = 'M2' AND isNotNull(numerator) AND isNotNull(denominator)) AS offered_packets,
    sumIf(completeness_ratio, sli = 'M1') * {window_seconds:UInt32} / {step_seconds:UInt32} AS rate_completeness,
    sumIf(completeness_ratio, sli = 'M2') * {window_seconds:UInt32} / {step_seconds:UInt32} AS loss_completeness,
    arraySort(groupUniqArrayIf(reason, sli = 'M1' AND isNull(numerator) AND reason != '')) AS reasons,
    arraySort(groupUniqArrayIf(reason, sli = 'M2' AND isNull(numerator) AND reason != '')) AS loss_reasons
FROM {database}.sli
WHERE ((sli = 'M1' AND part IN ('to', 'from')) OR (sli = 'M2' AND part IN ('local_to', 'local_from')))
    AND scope = 'vif'
    AND scope_key = {vif_id:String}
    AND window_seconds = {window_seconds:UInt32}
    AND time >= fromUnixTimestamp64Nano({from_ns:Int64}, 'UTC')
    AND time < fromUnixTimestamp64Nano({to_ns:Int64}, 'UTC')
GROUP BY step_time, direction
ORDER BY step_time, direction
LIMIT {most_rows:UInt32}
