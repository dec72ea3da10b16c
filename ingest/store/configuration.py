"""The engine's `config.xml` and `users.xml`, rendered from the settings at each start.

There is one engine user (`default`, the only one that an in-process engine has) with two roles; what a request may do
is decided by the role that its handle takes, by the profile `reader` and by the statement gate.
"""

from __future__ import annotations

import os
from pathlib import Path
from xml.sax.saxutils import escape

from viflux.errors import VifluxError
from viflux.settings import Settings

MIB = 1 << 20

LOG_DAYS = 3
"""How long the engine's own log of queries is kept; its size is bounded by `store.max_log_bytes` besides."""

# Rows of that log that wait in memory; a row is about 1 KiB.
_MOST_LOG_ROWS = 16_384
# A failed write can leave a part of any size broken; by default a table with more than 1 GiB of them stays closed.
_MOST_BROKEN_BYTES = 1 << 50
# How many parts of like size become one (5 by default): each row is written anew a quarter less often, for a few more
# parts to be read.
_PARTS_OF_A_MERGE = 8
# Each part that is read takes up to 20 MB.
_MOST_PARTS_OF_A_MERGE = 12

# What a table may be made of. Everything that reaches outside the data folder (File, URL, S3, MySQL, …) is left out.
TABLE_ENGINES = (
    "MergeTree",
    "ReplacingMergeTree",
    "SummingMergeTree",
    "AggregatingMergeTree",
    "CollapsingMergeTree",
    "VersionedCollapsingMergeTree",
    "Memory",
    "Null",
    "View",
    "MaterializedView",
)

# System tables that a reader may see: structure, state and cost of the store. Left out is all that names users, reads
# remote storage, touches threads (`stack_trace`) or shows addresses of the process (`symbols`, `jemalloc_*`).
SYSTEM_TABLES = """
aggregate_function_combinators asynchronous_inserts build_options codecs collations columns completions constraints
contributors current_roles data_skipping_index_types data_skipping_indices data_type_families database_engines
databases detached_parts dimensional_metrics disk_types disks documentation dropped_tables enabled_roles errors events
formats functions histogram_metrics keywords licenses merge_tree_settings merges metrics moves mutations numbers
numbers_mt one parts parts_columns processes projection_parts projection_parts_columns projections query_log
server_settings settings settings_changes storage_policies table_engines table_functions tables time_zones tokenizers
unicode view_refreshes warnings zeros zeros_mt
""".split()  # noqa: SIM905  # a table reads better than a list of literals

# Settings that a reader may not touch: they open a way around the gate (another SQL dialect, SQL inside a setting,
# functions that call out), write files, break the limits, or hide a query from the log.
_LOCKED = """
log_comment implicit_select dialect filter allow_experimental_eval_table_function allow_experimental_ai_functions
allow_introspection_functions allow_python_table_function allow_fuzz_query_functions allow_get_client_http_header
format_schema format_schema_source format_schema_message_name output_format_schema format_avro_schema_registry_url
input_format_record_errors_file_path format_display_secrets_in_show_and_select log_queries log_queries_probability
log_queries_min_type log_queries_cut_to_length query_profiler_cpu_time_period_ns query_profiler_real_time_period_ns
memory_profiler_step memory_profiler_sample_probability memory_tracker_fault_probability max_untracked_memory
ast_fuzzer_runs ast_fuzzer_any_query ast_fuzzer_oracle function_sleep_max_microseconds_per_block
sleep_after_receiving_query_ms sleep_in_send_data_ms jemalloc_enable_profiler storage_file_read_method
s3_allow_server_credentials_in_user_queries query_cache_share_between_users min_free_disk_space_for_temporary_data
temporary_files_buffer_size os_thread_priority os_threads_nice_value_query allow_ddl default_view_definer
""".split()  # noqa: SIM905  # a table reads better than a list of literals


def reader_limits(settings: Settings) -> dict[str, int]:
    """Return the settings that bound one read-only query, each with its value, which is also the most allowed."""
    memory = int(settings.store.max_query_memory)
    return {
        "max_execution_time": max(1, round(settings.store.max_query_time.seconds)),
        "max_memory_usage": memory,
        "max_result_rows": settings.store.max_query_rows,
        "max_result_bytes": memory,
        # Sums and sorts of more than that go on in files, rather than being refused.
        "max_bytes_before_external_group_by": memory // 2,
        "max_bytes_before_external_sort": memory // 2,
        "max_temporary_data_on_disk_size_for_query": 4 * memory,
        "max_threads": os.cpu_count() or 1,
    }


def render(settings: Settings, folder: Path, temporary: Path, keep_free_bytes: int = 0) -> Path:
    """Write both files into a folder.

    Args:
        settings: Where the memory cap, the database and the limits come from.
        folder: Made when missing; only this server writes it.
        temporary: Where the engine puts what does not fit into memory.
        keep_free_bytes: Room on the disk that the engine reserves for nothing of its own.

    Returns:
        The path of `config.xml`.

    Raises:
        VifluxError: There is no room for them.
    """
    users, config = folder / "users.xml", folder / "config.xml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(users, _users(settings, keep_free_bytes))
        _write(config, _config(settings, users, temporary, keep_free_bytes))
    except OSError as error:
        raise VifluxError(f"{folder}: cannot be written: {error.strerror}; free space on its disk") from error
    return config


def _write(path: Path, text: str) -> None:
    # On a full disk the old file stays whole, and an unchanged one needs no room at all.
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


def _config(settings: Settings, users: Path, temporary: Path, keep_free_bytes: int) -> str:
    cap = int(settings.store.max_memory)
    # Caches count towards the cap, so they get a share of it and never the engine's own gigabytes.
    cache = min(128 * MIB, cap // 16)
    # A large merge for each core, and one besides that only a small one may take: memory grows with them all.
    merges = (os.cpu_count() or 1) + 1
    return f"""<clickhouse>
  <users_config>{escape(str(users))}</users_config>
  <timezone>UTC</timezone>
  <tmp_path>{escape(str(temporary))}/</tmp_path>
  <storage_configuration>
    <disks><default><keep_free_space_bytes>{keep_free_bytes}</keep_free_space_bytes></default></disks>
  </storage_configuration>
  <merge_tree>
    <max_suspicious_broken_parts>1000</max_suspicious_broken_parts>
    <max_suspicious_broken_parts_bytes>{_MOST_BROKEN_BYTES}</max_suspicious_broken_parts_bytes>
    <merge_selector_base>{_PARTS_OF_A_MERGE}</merge_selector_base>
    <max_parts_to_merge_at_once>{_MOST_PARTS_OF_A_MERGE}</max_parts_to_merge_at_once>
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>2</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
    <number_of_free_entries_in_pool_to_execute_mutation>2</number_of_free_entries_in_pool_to_execute_mutation>
    <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>2</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
  </merge_tree>
  <background_pool_size>{merges}</background_pool_size>
  <background_merges_mutations_concurrency_ratio>1</background_merges_mutations_concurrency_ratio>
  <max_server_memory_usage>{cap}</max_server_memory_usage>
  <mark_cache_size>{cache}</mark_cache_size>
  <primary_index_cache_size>{cache}</primary_index_cache_size>
  <uncompressed_cache_size>{cache // 2}</uncompressed_cache_size>
  <index_mark_cache_size>{cache // 4}</index_mark_cache_size>
  <query_condition_cache_size>{cache // 8}</query_condition_cache_size>
  <compiled_expression_cache_size>{cache // 4}</compiled_expression_cache_size>
  <query_cache><max_size_in_bytes>{cache // 4}</max_size_in_bytes></query_cache>
  <access_control_improvements>
    <select_from_system_db_requires_grant>true</select_from_system_db_requires_grant>
    <select_from_information_schema_requires_grant>true</select_from_information_schema_requires_grant>
    <table_engines_require_grant>true</table_engines_require_grant>
  </access_control_improvements>
  <query_log>
    <database>system</database>
    <table>query_log</table>
    <partition_by>event_date</partition_by>
    <order_by>event_time</order_by>
    <ttl>event_date + INTERVAL {LOG_DAYS} DAY DELETE</ttl>
    <flush_interval_milliseconds>7500</flush_interval_milliseconds>
    <max_size_rows>{_MOST_LOG_ROWS}</max_size_rows>
    <reserved_size_rows>{_MOST_LOG_ROWS // 16}</reserved_size_rows>
    <buffer_size_rows_flush_threshold>{_MOST_LOG_ROWS // 2}</buffer_size_rows_flush_threshold>
  </query_log>
</clickhouse>
"""


def _users(settings: Settings, keep_free_bytes: int) -> str:
    database = settings.store.database
    rights = "SELECT, INSERT, ALTER, CREATE TABLE, CREATE VIEW, CREATE DATABASE, DROP, TRUNCATE, OPTIMIZE, SHOW"
    writer = [
        f"GRANT {rights}, KILL QUERY, SYSTEM, dictGet ON *.*",
        *(f"GRANT TABLE ENGINE ON {engine}" for engine in TABLE_ENGINES),
        "GRANT SET DEFINER ON *",
    ]
    reader = [
        f"GRANT SELECT, SHOW ON {database}.*",
        "GRANT SELECT ON INFORMATION_SCHEMA.*",
        "GRANT SELECT ON information_schema.*",
        *(f"GRANT SELECT ON system.{table}" for table in SYSTEM_TABLES),
    ]
    bounds = "".join(
        f"<{name}><min>1</min><max>{most}</max></{name}>" for name, most in reader_limits(settings).items()
    )
    locked = "".join(f"<{name}><readonly/></{name}>" for name in _LOCKED)
    return f"""<clickhouse>
  <profiles>
    <default>
      <async_insert>0</async_insert>
      <log_queries>1</log_queries>
      <cast_string_to_date_time_mode>best_effort</cast_string_to_date_time_mode>
      <max_insert_block_size>1048576</max_insert_block_size>
      <min_free_disk_space_for_temporary_data>{keep_free_bytes}</min_free_disk_space_for_temporary_data>
      <max_memory_usage>{int(settings.store.max_memory) * 4 // 5}</max_memory_usage>
    </default>
    <reader>
      <constraints>{bounds}{locked}</constraints>
    </reader>
  </profiles>
  <roles>
    <writer><grants>{_grants(writer)}</grants></writer>
    <reader><grants>{_grants(reader)}</grants></reader>
  </roles>
  <users>
    <default>
      <no_password/>
      <networks><ip>::/0</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants><query>GRANT writer</query><query>GRANT reader</query></grants>
    </default>
  </users>
  <quotas><default/></quotas>
</clickhouse>
"""


def _grants(statements: list[str]) -> str:
    return "".join(f"<query>{escape(statement)}</query>" for statement in statements)
