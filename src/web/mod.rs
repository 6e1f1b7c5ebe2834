//! Pages, JSON API, webhooks, health and metrics.

pub mod settings;
