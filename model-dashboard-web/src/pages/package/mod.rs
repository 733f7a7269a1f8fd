//! Packages of models.

pub(super) mod proposed;
pub(super) mod told;
