//! The invented organisation and its eighteen months.
