"""Kafka as the bus: messages, topics, the shipper and the sources, against real brokers."""
