//! Two texts line by line: what went, what came, and a little of what stayed around it.

/// A line of a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line<'a> {
    /// It stands in both.
    Same(&'a str),
    /// It stands only in the earlier text.
    Gone(Parts<'a>),
    /// It stands only in the later text.
    New(Parts<'a>),
    /// So many lines that stand in both, and are not shown.
    Skipped(usize),
}

/// A line, and the part of it that differs from its counterpart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts<'a> {
    /// What both start with.
    pub start: &'a str,
    /// What differs; empty if the line as a whole is new or gone.
    pub changed: &'a str,
    /// What both end with.
    pub end: &'a str,
}

/// How many lines of what stayed are shown around a change.
const AROUND: usize = 2;

/// The most pairs of lines that are compared; beyond, all lines between the first and the last
/// change are shown as gone and new.
const MOST_PAIRS: usize = 40_000;

/// The lines of two texts.
#[must_use]
pub fn lines<'a>(before: &'a str, after: &'a str) -> Vec<Line<'a>> {
    let (earlier, later): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    let same = |(a, b): &(&&str, &&str)| a == b;
    let start = earlier.iter().zip(&later).take_while(same).count();
    let (earlier_rest, later_rest) = (&earlier[start..], &later[start..]);
    let backwards = earlier_rest.iter().rev().zip(later_rest.iter().rev());
    let end = backwards.take_while(same).count();
    let gone = &earlier_rest[..earlier_rest.len() - end];
    let new = &later_rest[..later_rest.len() - end];
    let mut lines: Vec<Line<'a>> = earlier[..start]
        .iter()
        .map(|line| Line::Same(line))
        .collect();
    push_between(&mut lines, gone, new);
    let tail = &earlier_rest[earlier_rest.len() - end..];
    lines.extend(tail.iter().map(|line| Line::Same(line)));
    folded(lines)
}

/// What differs between two runs of lines, by their longest common subsequence.
fn push_between<'a>(lines: &mut Vec<Line<'a>>, gone: &[&'a str], new: &[&'a str]) {
    if gone.len().saturating_mul(new.len()) > MOST_PAIRS {
        return push_replaced(lines, gone, new);
    }
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
    let (mut i, mut j) = (0, 0);
    // Where the lines begin that went and came since the last one that stayed.
    let (mut gone_from, mut new_from) = (0, 0);
    while i < gone.len() && j < new.len() {
        if gone[i] == new[j] {
            push_replaced(lines, &gone[gone_from..i], &new[new_from..j]);
            lines.push(Line::Same(gone[i]));
            (i, j) = (i + 1, j + 1);
            (gone_from, new_from) = (i, j);
        } else if common[(i + 1) * width + j] >= common[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    push_replaced(lines, &gone[gone_from..], &new[new_from..]);
}

/// Lines that were replaced. As many as there were are told apart one by one.
fn push_replaced<'a>(lines: &mut Vec<Line<'a>>, gone: &[&'a str], new: &[&'a str]) {
    let paired = gone.len() == new.len();
    let parted: Vec<_> = match paired {
        true => gone.iter().zip(new).map(|(a, b)| parts(a, b)).collect(),
        false => Vec::new(),
    };
    let whole = |line: &&'a str| Parts {
        start: line,
        changed: "",
        end: "",
    };
    match paired {
        true => {
            lines.extend(parted.iter().map(|(gone, _)| Line::Gone(*gone)));
            lines.extend(parted.iter().map(|(_, new)| Line::New(*new)));
        }
        false => {
            lines.extend(gone.iter().map(|line| Line::Gone(whole(line))));
            lines.extend(new.iter().map(|line| Line::New(whole(line))));
        }
    }
}

/// Two lines by what they start and end with alike, cut between words.
fn parts<'a>(gone: &'a str, new: &'a str) -> (Parts<'a>, Parts<'a>) {
    let boundary = |text: &str, at: usize| {
        let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let (left, right) = text.split_at(at);
        !(letter(left.chars().next_back()) && letter(right.chars().next()))
    };
    let alike = gone.chars().zip(new.chars()).take_while(|(a, b)| a == b);
    let mut start: usize = alike.map(|(c, _)| c.len_utf8()).sum();
    while start > 0 && !(boundary(gone, start) && boundary(new, start)) {
        start = gone[..start]
            .char_indices()
            .next_back()
            .map_or(0, |(at, _)| at);
    }
    let (gone_rest, new_rest) = (&gone[start..], &new[start..]);
    let backwards = gone_rest.chars().rev().zip(new_rest.chars().rev());
    let alike = backwards.take_while(|(a, b)| a == b);
    let mut end: usize = alike.map(|(c, _)| c.len_utf8()).sum();
    while end > 0 && !(boundary(gone, gone.len() - end) && boundary(new, new.len() - end)) {
        let next = gone[gone.len() - end..].chars().next();
        end -= next.map_or(end, char::len_utf8);
    }
    let split = |line: &'a str| Parts {
        start: &line[..start],
        changed: &line[start..line.len() - end],
        end: &line[line.len() - end..],
    };
    match start + end {
        0 => {
            let whole = |line: &'a str| Parts {
                start: line,
                changed: "",
                end: "",
            };
            (whole(gone), whole(new))
        }
        _ => (split(gone), split(new)),
    }
}

/// Leaves out what stayed and lies far from what did not.
fn folded(lines: Vec<Line<'_>>) -> Vec<Line<'_>> {
    let is_same = |line: &Line<'_>| matches!(line, Line::Same(_));
    let mut shown = Vec::new();
    let mut rest = lines.as_slice();
    while let Some(first) = rest.first() {
        if !is_same(first) {
            shown.push(first.clone());
            rest = &rest[1..];
            continue;
        }
        let run = rest.iter().take_while(|line| is_same(line)).count();
        let before = if shown.is_empty() { 0 } else { AROUND };
        let after = if run == rest.len() { 0 } else { AROUND };
        // A single line takes no more room than the words that it was left out.
        if run > before + after + 1 {
            shown.extend_from_slice(&rest[..before]);
            shown.push(Line::Skipped(run - before - after));
            shown.extend_from_slice(&rest[run - after..run]);
        } else {
            shown.extend_from_slice(&rest[..run]);
        }
        rest = &rest[run..];
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each line with its sign; what changed within it in brackets.
    fn told(before: &str, after: &str) -> Vec<String> {
        let parted = |sign: char, parts: &Parts<'_>| match parts.changed {
            "" => format!("{sign}{}{}", parts.start, parts.end),
            changed => format!("{sign}{}[{changed}]{}", parts.start, parts.end),
        };
        let told = lines(before, after);
        let told = told.iter().map(|line| match line {
            Line::Same(text) => format!(" {text}"),
            Line::Gone(parts) => parted('-', parts),
            Line::New(parts) => parted('+', parts),
            Line::Skipped(count) => format!("…{count}"),
        });
        told.collect()
    }

    #[test]
    fn what_stayed_is_not_told_as_changed() {
        let (before, after) = ("a\nb\nc\nd", "a\nc\nx\nd");
        assert_eq!(told(before, after), [" a", "-b", " c", "+x", " d"]);
        assert_eq!(told("", "a\nb"), ["+a", "+b"]);
        assert_eq!(told("a", ""), ["-a"]);
    }

    #[test]
    fn lines_far_from_a_change_are_counted() {
        let text: Vec<String> = (0..20).map(|n| format!("line {n}")).collect();
        let mut changed = text.clone();
        changed[10] = "other".to_owned();
        let told = told(&text.join("\n"), &changed.join("\n"));
        let expected = [
            "…8", " line 8", " line 9", "-line 10", "+other", " line 11", " line 12", "…7",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn within_a_line_the_words_that_differ_are_marked() {
        let (before, after) = ("Trained on 80 cases.", "Trained on 120 cases.");
        let expected = ["-Trained on [80] cases.", "+Trained on [120] cases."];
        assert_eq!(told(before, after), expected);
        assert_eq!(told("früher", "früh"), ["-früher", "+früh"]);
        assert_eq!(told("a b", "a b c"), ["-a b", "+a b[ c]"]);
    }

    #[test]
    fn texts_too_long_to_compare_are_shown_as_replaced() {
        let many = |word: &str| (0..400).map(|n| format!("{word}{n}\n")).collect::<String>();
        let (before, after) = (
            format!("same\n{}", many("a")),
            format!("same\n{}", many("b")),
        );
        let told = told(&before, &after);
        assert_eq!((told.len(), &*told[0]), (801, " same"));
    }
}
