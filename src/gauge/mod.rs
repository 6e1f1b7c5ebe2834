//! From the store to placed timelines, facts and the report.
