//! What the tests use for the same.

#[path = "../../tests/it/support/cluster.rs"]
pub mod cluster;
#[path = "../../tests/it/support/drive.rs"]
pub mod drive;
#[path = "../../tests/it/support/gate.rs"]
pub mod gate;
#[path = "../../tests/it/support/postgres.rs"]
pub mod postgres;
#[path = "../../tests/it/support/process.rs"]
pub mod process;
#[path = "../../tests/it/support/settings.rs"]
pub mod settings;
