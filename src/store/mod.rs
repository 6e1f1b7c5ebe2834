//! One store over SQLite and PostgreSQL. SQL lives nowhere else.
