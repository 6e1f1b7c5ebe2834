//! github.com, simulated: a site that can be edited, and its REST, GraphQL and webhook dialects.

pub mod records;
