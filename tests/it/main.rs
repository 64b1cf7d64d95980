//! One integration-test binary: the real program, driven from outside.
