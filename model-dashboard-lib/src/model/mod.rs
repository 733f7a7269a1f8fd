//! Model definitions: plain types, no I/O.
