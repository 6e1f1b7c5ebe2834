//! Pages, JSON API, webhooks, health and metrics.
