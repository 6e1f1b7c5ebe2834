//! Where digests go.
