//! Names with a domain, as people of Active Directory type them: `CORP\rosa` and
//! `rosa@corp.example.com`.

/// A name and its domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Typed<'a> {
    pub(super) account: &'a str,
    pub(super) domain: &'a str,
    /// By what Active Directory knows a domain of this kind of name.
    pub(super) domain_attribute: &'static str,
}

impl<'a> Typed<'a> {
    /// The parts of the name of an account, as Active Directory itself writes it: `CORP\rosa`.
    pub(super) fn of_account(name: &'a str) -> Option<Self> {
        let (domain, account) = name.split_once('\\')?;
        Some(Self {
            account,
            domain,
            domain_attribute: "nETBIOSName",
        })
    }

    /// `None` for a name without a domain, or one that could be taken in several ways.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let mut separators = text.matches(['\\', '@']);
        let separator = separators.next().filter(|_| separators.next().is_none())?;
        let (before, after) = text.split_once(separator)?;
        let (account, domain, domain_attribute) = match separator {
            "\\" => (after, before, "nETBIOSName"),
            _ => (before, after, "dnsRoot"),
        };
        let allowed = |c: char| c.is_alphanumeric() || ['.', '-', '_'].contains(&c);
        let is_domain = !domain.is_empty() && domain.chars().all(allowed);
        (is_domain && !account.is_empty()).then_some(Self {
            account,
            domain,
            domain_attribute,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_a_domain_in_two_ways_and_no_third() {
        let parts = |text| Typed::parse(text).map(|it| (it.account, it.domain));
        assert_eq!(parts("CORP\\rosa"), Some(("rosa", "CORP")));
        assert_eq!(
            parts("rosa.l@corp.example"),
            Some(("rosa.l", "corp.example"))
        );
        for none in [
            "rosa",
            "",
            "\\rosa",
            "CORP\\",
            "@corp",
            "rosa@",
            "CORP\\rosa@corp",
            "a@b@c",
            "A\\B\\c",
            "rosa@co)(rp",
            "C*\\rosa",
        ] {
            assert_eq!(parts(none), None, "{none}");
        }
    }
}
