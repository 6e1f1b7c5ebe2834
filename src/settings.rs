//! The settings of `streamgauge.toml`, composed from what each module needs.
