//! Three-way merging of texts, line by line.

use super::Outcome;

/// The most pairs of lines that are compared for one side.
const MOST_PAIRS: usize = 1_000_000;

/// What two people made of a text, put together: `None` where both changed the same lines, or
/// lines next to each other, and where the texts are too long to be compared (about 1,000 changed
/// lines on each side).
///
/// ```
/// use model_dashboard::model::merge_texts;
///
/// let merged = merge_texts("a\nb\nc", "A\nb\nc", "a\nb\nc\nd");
/// assert_eq!(merged.as_deref(), Some("A\nb\nc\nd"));
/// assert_eq!(merge_texts("a\nb", "x\nb", "y\nb"), None);
/// ```
#[must_use]
pub fn merge_texts(before: &str, yours: &str, theirs: &str) -> Option<String> {
    match Outcome::of(Some(before), yours, theirs) {
        Outcome::Yours => return Some(yours.to_owned()),
        Outcome::Clash => {}
        _ => return Some(theirs.to_owned()),
    }
    let lines = |text: &'_ str| text.split('\n').map(str::to_owned).collect::<Vec<_>>();
    let (before, yours, theirs) = (lines(before), lines(yours), lines(theirs));
    let in_yours = kept(&before, &yours)?;
    let in_theirs = kept(&before, &theirs)?;
    let mut merged: Vec<&str> = Vec::new();
    let mut from = [0, 0, 0];
    // The lines that both kept part what was changed; the end parts the last of it.
    let stable = (0..before.len()).filter_map(|at| Some([at, in_yours[at]?, in_theirs[at]?]));
    let end = [before.len(), yours.len(), theirs.len()];
    for to in stable.chain([end]) {
        let [was, mine, other] = [
            &before[from[0]..to[0]],
            &yours[from[1]..to[1]],
            &theirs[from[2]..to[2]],
        ];
        let changed = match (mine == was, other == was) {
            (_, true) => mine,
            (true, _) => other,
            _ if mine == other => mine,
            _ => return None,
        };
        merged.extend(changed.iter().map(String::as_str));
        merged.extend(before.get(to[0]).map(String::as_str));
        from = to.map(|at| at + 1);
    }
    Some(merged.join("\n"))
}

/// For each line of `before` its place in `after`, if it was kept: a longest common subsequence.
/// `None` if there are too many pairs to compare.
fn kept(before: &[String], after: &[String]) -> Option<Vec<Option<usize>>> {
    let same = |(a, b): &(&String, &String)| a == b;
    let start = before.iter().zip(after).take_while(same).count();
    let (gone, new) = (&before[start..], &after[start..]);
    let end = gone.iter().rev().zip(new.iter().rev());
    let end = end.take_while(same).count();
    let (gone, new) = (&gone[..gone.len() - end], &new[..new.len() - end]);
    if gone.len().saturating_mul(new.len()) > MOST_PAIRS {
        return None;
    }
    let mut kept: Vec<Option<usize>> = (0..start).map(Some).collect();
    let width = new.len() + 1;
    // The length of the longest common subsequence of what follows each pair.
    let mut common = vec![0_u32; (gone.len() + 1) * width];
    for i in (0..gone.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i * width + j] = match gone[i] == new[j] {
                true => common[(i + 1) * width + j + 1] + 1,
                false => common[(i + 1) * width + j].max(common[i * width + j + 1]),
            };
        }
    }
    let mut j = 0;
    for (i, line) in gone.iter().enumerate() {
        let place = loop {
            match new.get(j) {
                Some(other) if other == line => break Some(j),
                Some(_) if common[(i + 1) * width + j] < common[i * width + j + 1] => j += 1,
                _ => break None,
            }
        };
        kept.push(place.map(|place| start + place));
        j += usize::from(place.is_some());
    }
    kept.extend((after.len() - end..after.len()).map(Some));
    Some(kept)
}
