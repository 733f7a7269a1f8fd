//! Why a directory refused a password.

use ldap3::LdapResult;

use super::ber::{self, Elements};
use crate::auth::Refusal;

/// Asked for with a bind, so that the answer says more than no (draft-behera-ldap-password-policy).
pub(super) const PASSWORD_POLICY: &str = "1.3.6.1.4.1.42.2.27.8.5.1";

/// Result codes of RFC 4511 appendix A.
pub(super) mod code {
    pub(in super::super) const SUCCESS: u32 = 0;
    pub(in super::super) const SIZE_LIMIT_EXCEEDED: u32 = 4;
    pub(in super::super) const STRONGER_AUTH_REQUIRED: u32 = 8;
    pub(in super::super) const REFERRAL: u32 = 10;
    pub(in super::super) const CONFIDENTIALITY_REQUIRED: u32 = 13;
    pub(in super::super) const CONSTRAINT_VIOLATION: u32 = 19;
    pub(in super::super) const NO_SUCH_OBJECT: u32 = 32;
    pub(in super::super) const INVALID_DN_SYNTAX: u32 = 34;
    pub(in super::super) const INAPPROPRIATE_AUTHENTICATION: u32 = 48;
    pub(in super::super) const INVALID_CREDENTIALS: u32 = 49;
    pub(in super::super) const INSUFFICIENT_ACCESS: u32 = 50;
    pub(in super::super) const UNWILLING_TO_PERFORM: u32 = 53;
}

/// What the answer to the bind of a person says; `None` if it is neither a yes nor a no about this
/// person.
pub(super) fn of_bind(answer: &LdapResult) -> Option<Result<(), Refusal>> {
    let policy = policy_error(answer);
    Some(match answer.rc {
        // A directory lets people in to change their password, and do nothing else.
        code::SUCCESS => match policy {
            Some(PolicyError::ChangeAfterReset) => Err(Refusal::MustChangePassword),
            _ => Ok(()),
        },
        code::INVALID_CREDENTIALS => Err(match policy {
            Some(PolicyError::PasswordExpired) => Refusal::PasswordExpired,
            Some(PolicyError::AccountLocked) => Refusal::Locked,
            Some(PolicyError::ChangeAfterReset) => Refusal::MustChangePassword,
            None => active_directory(&answer.text).unwrap_or(Refusal::WrongPassword),
        }),
        code::NO_SUCH_OBJECT | code::INVALID_DN_SYNTAX => Err(Refusal::UnknownUser),
        // As 389 Directory Server says that there were too many wrong passwords.
        code::CONSTRAINT_VIOLATION => Err(Refusal::Locked),
        code::INAPPROPRIATE_AUTHENTICATION => Err(Refusal::NoSignIn),
        code::UNWILLING_TO_PERFORM => Err(Refusal::Other(format!(
            "the directory was unwilling: {}",
            said(&answer.text)
        ))),
        _ => return None,
    })
}

/// What a server said, fit for a line of a log.
pub(super) fn said(text: &str) -> String {
    let printed = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let short: String = printed.take(200).collect();
    match short.trim() {
        "" => "no reason given".to_owned(),
        short => short.to_owned(),
    }
}

/// The reason that Active Directory writes into its text as `data 52e`: a Windows error in
/// hexadecimal digits.
/// <https://learn.microsoft.com/windows/win32/debug/system-error-codes--1300-1699->
fn active_directory(text: &str) -> Option<Refusal> {
    let (_, rest) = text.split_once(" data ")?;
    let digits: String = rest.chars().take_while(char::is_ascii_hexdigit).collect();
    Some(match digits.to_ascii_lowercase().as_str() {
        "525" => Refusal::UnknownUser,
        "52e" => Refusal::WrongPassword,
        "530" => Refusal::OutsideHours,
        "531" => Refusal::NotFromHere,
        "532" => Refusal::PasswordExpired,
        "533" => Refusal::Disabled,
        "701" => Refusal::AccountExpired,
        "773" => Refusal::MustChangePassword,
        "775" => Refusal::Locked,
        _ => return None,
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PolicyError {
    PasswordExpired,
    AccountLocked,
    ChangeAfterReset,
}

/// The error in the control that answers [`PASSWORD_POLICY`]:
/// `SEQUENCE { warning [0] … OPTIONAL, error [1] ENUMERATED … OPTIONAL }`.
fn policy_error(answer: &LdapResult) -> Option<PolicyError> {
    let mut controls = answer.ctrls.iter();
    let control = controls.find(|control| control.1.ctype == PASSWORD_POLICY)?;
    let mut outer = Elements::of(control.1.val.as_deref()?);
    let mut inner = Elements::of(outer.next_if(ber::SEQUENCE).ok()??);
    while let Some(element) = inner.next().ok()? {
        if element.tag == 0x81 {
            return match element.content {
                [0] => Some(PolicyError::PasswordExpired),
                [1] => Some(PolicyError::AccountLocked),
                [2] => Some(PolicyError::ChangeAfterReset),
                _ => None,
            };
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_read_from_what_active_directory_says() {
        let text = |data: &str| {
            format!(
                "80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data {data}, v2580"
            )
        };
        for (data, refusal) in [
            ("525", Refusal::UnknownUser),
            ("52e", Refusal::WrongPassword),
            ("530", Refusal::OutsideHours),
            ("531", Refusal::NotFromHere),
            ("532", Refusal::PasswordExpired),
            ("533", Refusal::Disabled),
            ("701", Refusal::AccountExpired),
            ("773", Refusal::MustChangePassword),
            ("775", Refusal::Locked),
        ] {
            assert_eq!(active_directory(&text(data)), Some(refusal));
        }
        for other in ["", "data 533", " data ", " data zz", &text("568")] {
            assert_eq!(active_directory(other), None, "{other}");
        }
    }

    /// An answer to a bind with a control of the password policy.
    fn answer(rc: u32, control: &[u8]) -> LdapResult {
        let raw = ldap3::controls::RawControl {
            ctype: PASSWORD_POLICY.to_owned(),
            crit: false,
            val: Some(control.to_vec()),
        };
        LdapResult {
            rc,
            matched: String::new(),
            text: String::new(),
            refs: vec![],
            ctrls: vec![ldap3::controls::Control(None, raw)],
        }
    }

    #[test]
    fn the_reason_is_read_from_the_control_of_the_password_policy() {
        let of = |rc, control: &[u8]| of_bind(&answer(rc, control));
        let wrong = Some(Err(Refusal::WrongPassword));
        assert_eq!(
            of(49, &[0x30, 3, 0x81, 1, 0]),
            Some(Err(Refusal::PasswordExpired))
        );
        assert_eq!(of(49, &[0x30, 3, 0x81, 1, 1]), Some(Err(Refusal::Locked)));
        let warned = [0x30, 8, 0xa0, 3, 0x81, 1, 0, 0x81, 1, 1];
        assert_eq!(of(49, &warned), Some(Err(Refusal::Locked)));
        assert_eq!(
            of(0, &[0x30, 3, 0x81, 1, 2]),
            Some(Err(Refusal::MustChangePassword))
        );
        assert_eq!(of(0, &[0x30, 0]), Some(Ok(())));
        for broken in [
            &[][..],
            &[0x30],
            &[0x30, 200, 1],
            &[0x30, 2, 0x81, 0],
            &[0x04, 0],
        ] {
            assert_eq!(of(49, broken), wrong, "{broken:?}");
        }
        assert_eq!(of(51, &[0x30, 0]), None);
    }

    #[test]
    fn what_a_server_says_fits_into_a_line() {
        assert_eq!(said("a\nb\0"), "a b");
        assert_eq!(said(" \n"), "no reason given");
        assert_eq!(said(&"é".repeat(1000)).chars().count(), 200);
    }
}
