"""Apache Kafka as the bus: the shipper sends the spool of a host, the processor's sources read topic-partitions."""
