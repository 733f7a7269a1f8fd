//! Pieces of routes that pages and API share.

use std::str::FromStr;

use percent_encoding::percent_decode_str;
use warp::{Filter, Rejection};

/// One path segment, decoded once (warp does not decode). A `/` that was encoded stays inside it,
/// so that no name can reach into another part of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Segment(pub(crate) String);

impl FromStr for Segment {
    type Err = std::str::Utf8Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Segment(
            percent_decode_str(text).decode_utf8()?.into_owned(),
        ))
    }
}

/// GET, and HEAD, whose answer is sent without its body.
pub(crate) fn read() -> impl Filter<Extract = (), Error = Rejection> + Copy {
    warp::get().or(warp::head()).unify()
}
