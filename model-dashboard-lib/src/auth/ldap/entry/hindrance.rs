//! What keeps somebody of Active Directory, or of OpenLDAP's password policy, from signing in for the
//! moment, as far as the entry tells. It takes nothing from them that they have begun, and whether
//! it holds is for the directory to say when they bind.

use super::Values;
use crate::auth::Refusal;
use crate::model::Timestamp;

/// `ADS_UF_DONT_EXPIRE_PASSWD`, `ADS_UF_SMARTCARD_REQUIRED`: such a password need not be changed.
const NEVER_EXPIRES: i64 = 0x1_0000 | 0x4_0000;

/// `UF_LOCKOUT` and `UF_PASSWORD_EXPIRED` of `msDS-User-Account-Control-Computed` ([MS-ADTS]
/// 2.2.16 and 3.1.1.4.5.17).
const LOCKED: i64 = 0x10;
const PASSWORD_EXPIRED: i64 = 0x80_0000;

/// Why the directory will let somebody in later alone, or from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::auth::ldap) struct Hindrance {
    pub(in crate::auth::ldap) refusal: Refusal,
    /// Whether that hangs on more than the entry tells.
    pub(in crate::auth::ldap) is_unsure: bool,
}

pub(super) fn hindrance(values: &Values, now: Timestamp) -> Option<Hindrance> {
    let flags = values.number("userAccountControl").unwrap_or(0);
    let computed = values.number("msDS-User-Account-Control-Computed");
    let computed = computed.unwrap_or(0);
    let never_set = values.number("pwdLastSet") == Some(0) && flags & NEVER_EXPIRES == 0;
    let hours = values.bytes("logonHours");
    let was_reset = values.text("pwdReset");
    let was_reset = was_reset.is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let (refusal, is_unsure) = if computed & LOCKED != 0 {
        (Refusal::Locked, false)
    } else if never_set {
        (Refusal::MustChangePassword, false)
    } else if computed & PASSWORD_EXPIRED != 0 {
        (Refusal::PasswordExpired, false)
    } else if hours.and_then(|hours| allowed(hours, now)) == Some(false) {
        (Refusal::OutsideHours, false)
    } else if was_reset {
        // If the policy says `pwdMustChange`.
        (Refusal::MustChangePassword, true)
    } else if values.bytes("userWorkstations").is_some() {
        // If the directory's own servers are not among them.
        (Refusal::NotFromHere, true)
    } else {
        return None;
    };
    Some(Hindrance { refusal, is_unsure })
}

/// Whether a time is within hours of the week, a bit for each from Sunday on, in UTC ([MS-SAMR]
/// 2.2.6.5); `None` if those are none.
fn allowed(hours: &[u8], at: Timestamp) -> Option<bool> {
    const HOUR: i64 = 3_600_000_000;
    const WEEK: i64 = 7 * 24;
    // The first of January 1970 was a Thursday.
    let hour = (at.unix_micros().div_euclid(HOUR) + 4 * 24).rem_euclid(WEEK);
    let hours: &[u8; 21] = hours.try_into().ok()?;
    let byte = hours.get(usize::try_from(hour / 8).ok()?)?;
    Some((byte >> (hour % 8)) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_of_a_week_begin_with_sunday() {
        let monday_nine = Timestamp::from_unix_micros(1_767_603_600_000_000);
        let mut hours = [0; 21];
        assert_eq!(allowed(&hours, monday_nine), Some(false));
        hours[(24 + 9) / 8] = 1 << ((24 + 9) % 8);
        assert_eq!(allowed(&hours, monday_nine), Some(true));
        let ten = Timestamp::from_unix_micros(1_767_603_600_000_000 + 3_600_000_000);
        assert_eq!(allowed(&hours, ten), Some(false));
        assert_eq!(allowed(&[], ten), None);
    }
}
