//! Real servers and tools for tests.
