//! People of a directory (LDAP, Active Directory).
#![cfg_attr(
    not(test),
    expect(dead_code, reason = "the directory's authenticator is being built")
)]

mod ber;
mod frames;
mod guard;
#[cfg(unix)]
mod relay;
mod response;
#[cfg(test)]
mod samples;
mod starttls;
