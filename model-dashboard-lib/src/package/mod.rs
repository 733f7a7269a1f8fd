//! What is in a model package, told without running or unpacking it.

pub mod pickle;
