//! What is believed of a source that says that people left.
//!
//! - What it says of half of those whom it was asked about, or of fewer, is believed at once.
//! - Fewer than three who are more than half (as in an installation with one or two people) left
//!   when a second round says so, too.
//! - Of all of them it is doubted, however few they are, while it has let nobody in since the program
//!   started: then it may be the settings, a wrong required group for one. That doubt is over as soon
//!   as it lets somebody in, by whichever process; then a second round has to say so, too.
//! - Of three or more who are more than half it is doubted: a filter, a base or a right may be
//!   wrong. This doubt stays until an administrator believes the source, or until it vouches again
//!   for as many of them as make it likely. Newcomers and people who are not asked about any more
//!   make nothing likelier.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::state::SourceDoubt;
use crate::auth::{IdentityId, LeavingDoubt, Refusal};
use crate::model::Timestamp;

/// Fewer than so many may all leave at once.
pub(super) const FEW: usize = 3;

/// Who asks, and so what is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Belief {
    /// A round of its own accord.
    Waiting,
    /// An administrator, who is told what is doubted.
    Doubting,
    /// An administrator who believes what is doubted, as far as they have seen it.
    Seen(SourceDoubt),
    /// An administrator who believes whatever the source says.
    Full,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Likely,
    /// If it is said once more.
    Again,
    Doubtful,
}

fn judge(left: usize, asked: usize) -> Verdict {
    match left * 2 <= asked {
        true => Verdict::Likely,
        false if left < FEW => Verdict::Again,
        false => Verdict::Doubtful,
    }
}

/// Whether a doubt is of so few that it is no longer one once the source lets somebody in.
pub(super) fn is_of_few(doubt: &LeavingDoubt) -> bool {
    doubt.left.len() < FEW
}

/// Somebody of whom a source said that they left.
#[derive(Clone, Debug)]
pub(super) struct Left {
    pub(super) id: IdentityId,
    pub(super) why: Refusal,
    /// When that was asked.
    pub(super) asked_at: Timestamp,
}

/// What a source said in one round.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) left: Vec<Left>,
    there: BTreeSet<Arc<str>>,
    /// Those who left of parts that are doubtful by themselves, and how many were asked in those.
    odd: BTreeSet<Arc<str>>,
    odd_asked: usize,
    answered: usize,
}

impl Said {
    /// Adds what it said of some people whom it was asked about together.
    pub(super) fn part(
        &mut self,
        there: Vec<Arc<str>>,
        left: Vec<(IdentityId, Refusal)>,
        asked_at: Timestamp,
    ) {
        let answered = there.len() + left.len();
        if judge(left.len(), answered) == Verdict::Doubtful {
            self.odd
                .extend(left.iter().map(|(id, _)| id.subject.clone()));
            self.odd_asked += answered;
        }
        self.answered += answered;
        self.there.extend(there);
        let left = left.into_iter();
        self.left
            .extend(left.map(|(id, why)| Left { id, why, asked_at }));
    }

    pub(super) fn answered(&self) -> usize {
        self.answered
    }

    /// The doubt that there is now, after `before`, about a source that has let somebody in before,
    /// or has not.
    pub(super) fn doubt(
        &self,
        before: Option<&LeavingDoubt>,
        has_let_in: bool,
    ) -> Option<LeavingDoubt> {
        let left = self.left.iter().map(|left| left.id.subject.clone());
        if let Some(before) = before.filter(|before| !has_let_in || !is_of_few(before)) {
            let mut doubt = before.clone();
            doubt.left.retain(|subject| !self.there.contains(subject));
            for subject in left.clone() {
                doubt.asked += usize::from(doubt.left.insert(subject));
            }
            if judge(doubt.left.len(), doubt.asked) != Verdict::Likely {
                return Some(doubt);
            }
        }
        let (left, asked) = match self.verdict() {
            Verdict::Again if self.there.is_empty() && !has_let_in => {
                (left.collect(), self.answered)
            }
            Verdict::Doubtful => (left.collect(), self.answered),
            _ if !self.odd.is_empty() => (self.odd.clone(), self.odd_asked),
            _ => return None,
        };
        Some(LeavingDoubt {
            since: Timestamp::now(),
            left,
            asked,
        })
    }

    /// Whether it says of nobody that they left but of whom it did so before, and of so many as were
    /// seen.
    pub(super) fn is_as_seen(&self, before: &LeavingDoubt, seen: SourceDoubt) -> bool {
        let mut left = self.left.iter();
        SourceDoubt::from(before) == seen && left.all(|left| before.left.contains(&left.id.subject))
    }

    fn verdict(&self) -> Verdict {
        judge(self.left.len(), self.answered)
    }

    /// Those of whom it is believed that they left, where there is no doubt.
    pub(super) fn believed(
        self,
        belief: Belief,
        earlier: &mut Earlier,
        pause: Duration,
    ) -> Vec<Left> {
        if belief != Belief::Waiting || self.verdict() == Verdict::Likely {
            earlier.0.clear();
            return self.left;
        }
        earlier.again(self.left, pause)
    }
}

/// Who was said to have left when they were too few to doubt it and too many to believe it, and
/// since when. A new process begins anew.
#[derive(Debug, Default)]
pub(super) struct Earlier(BTreeMap<Arc<str>, Instant>);

impl Earlier {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Those of whom it was said at least `pause` ago, too; the others are kept in mind.
    fn again(&mut self, left: Vec<Left>, pause: Duration) -> Vec<Left> {
        let before = std::mem::take(&mut self.0);
        let mut believed = Vec::new();
        for one in left {
            match before.get(&one.id.subject) {
                Some(since) if since.elapsed() >= pause => believed.push(one),
                since => {
                    let since = since.copied().unwrap_or_else(Instant::now);
                    self.0.insert(one.id.subject, since);
                }
            }
        }
        believed
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::auth::Source;

    /// What a source says of people, as `left` and `there`.
    fn said(left: &[&str], there: &[&str]) -> Said {
        let source = Source::parse(Source::LDAP).unwrap();
        let gone = |subject: &&str| {
            let id = IdentityId::new(source.clone(), *subject);
            (id, Refusal::NotInGroup)
        };
        let mut said = Said::default();
        let there = there.iter().map(|subject| (*subject).into()).collect();
        let left = left.iter().map(gone).collect();
        said.part(there, left, Timestamp::now());
        said
    }

    fn names(doubt: &LeavingDoubt) -> Vec<&str> {
        doubt.left.iter().map(|subject| &**subject).collect()
    }

    #[test]
    fn a_doubt_is_no_less_for_newcomers_nor_for_those_who_cannot_get_in_any_more() {
        let opened = said(&["a", "b", "c"], &["d"]).doubt(None, true).unwrap();
        assert_eq!((names(&opened), opened.asked), (vec!["a", "b", "c"], 4));
        let same =
            said(&["a", "b", "c"], &["e", "f", "g", "h", "i", "j"]).doubt(Some(&opened), true);
        assert_eq!(same.as_ref(), Some(&opened));
        for (left, there) in [(&[][..], &[][..]), (&["a"], &["d"]), (&[], &["d", "e"])] {
            let same = said(left, there).doubt(Some(&opened), true);
            assert_eq!(same.as_ref(), Some(&opened), "{left:?} {there:?}");
        }
    }

    #[test]
    fn a_doubt_ends_when_the_source_vouches_for_enough_of_them() {
        let opened = said(&["a", "b", "c"], &["d"]).doubt(None, true).unwrap();
        let doubt = said(&["b", "c", "e"], &["a"])
            .doubt(Some(&opened), true)
            .unwrap();
        assert_eq!((names(&doubt), doubt.asked), (vec!["b", "c", "e"], 5));
        assert_eq!(doubt.since, opened.since);
        assert_eq!(said(&["e"], &["b"]).doubt(Some(&doubt), true), None);
        // What it says then is looked at by itself.
        let next = said(&["x", "y", "z"], &["a", "b", "c"]).doubt(Some(&opened), true);
        assert_eq!(next, None);
        let next = said(&["w", "x", "y", "z"], &["a", "b", "c"]).doubt(Some(&opened), true);
        assert_eq!(names(&next.unwrap()), ["w", "x", "y", "z"]);
    }

    #[test]
    fn a_part_that_is_doubtful_by_itself_is_doubted_however_many_there_are() {
        let mut whole = said(&[], &["a", "b", "c", "d", "e", "f", "g"]);
        let odd = said(&["x", "y", "z"], &[]);
        let left = odd.left.into_iter().map(|one| (one.id, one.why)).collect();
        whole.part(Vec::new(), left, Timestamp::now());
        let doubt = whole.doubt(None, true).unwrap();
        assert_eq!((names(&doubt), doubt.asked), (vec!["x", "y", "z"], 3));
    }

    #[test]
    fn of_all_it_is_doubted_until_the_settings_have_let_somebody_in() {
        for left in [&["a"][..], &["a", "b"]] {
            let said = said(left, &[]);
            let doubt = said.doubt(None, false).unwrap();
            assert_eq!((names(&doubt), doubt.asked), (left.to_vec(), left.len()));
            assert_eq!(said.doubt(None, true), None);
        }
        assert_eq!(said(&["a", "b"], &["c"]).doubt(None, false), None);
        assert_eq!(said(&[], &[]).doubt(None, false), None);
    }

    #[test]
    fn a_doubt_of_few_ends_when_somebody_is_let_in_and_one_of_many_does_not() {
        for (left, then) in [(&["a"][..], None), (&["a", "b"], None)] {
            let opened = said(left, &[]).doubt(None, false);
            let again = |has_let_in| said(left, &[]).doubt(opened.as_ref(), has_let_in);
            assert_eq!((again(false), again(true)), (opened.clone(), then));
            // Whoever else leaves is judged by themselves.
            let others = said(&["x", "y"], &["z"]).doubt(opened.as_ref(), true);
            assert_eq!(others, None);
        }
        let opened = said(&["a", "b", "c"], &[]).doubt(None, true);
        assert_eq!(said(&["a"], &[]).doubt(opened.as_ref(), true), opened);
    }

    #[test]
    fn of_few_it_is_believed_when_it_is_said_a_second_time_after_a_while() {
        let mut earlier = Earlier::default();
        let hour = Duration::from_secs(3600);
        let mut round = |left: &[&str], there: &[&str], belief, pause| {
            let said = said(left, there);
            assert_eq!(said.doubt(None, true), None);
            said.believed(belief, &mut earlier, pause).len()
        };
        for (left, there) in [
            (&["a"][..], &[][..]),
            (&["a", "b"], &[]),
            (&["a", "b"], &["c"]),
        ] {
            assert_eq!(round(left, there, Belief::Waiting, hour), 0);
            // Too soon.
            assert_eq!(round(left, there, Belief::Waiting, hour), 0);
            let again = round(left, there, Belief::Waiting, Duration::ZERO);
            assert_eq!(again, left.len());
            assert_eq!(round(left, there, Belief::Waiting, hour), 0);
            // Who comes back begins anew.
            assert_eq!(round(&[], &["a", "b"], Belief::Waiting, hour), 0);
            assert_eq!(round(left, there, Belief::Waiting, Duration::ZERO), 0);
            assert_eq!(round(left, there, Belief::Doubting, hour), left.len());
        }
        assert_eq!(round(&["a"], &["b"], Belief::Waiting, hour), 1);
    }
}
