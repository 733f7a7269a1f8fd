//! Model Dashboard: a registry for inference models.

pub mod model;
