//! github.com.
