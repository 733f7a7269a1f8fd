//! Labels in a table as people paste it: a line of cells for each, with or without a first line
//! that names the columns.

use std::borrow::Cow;

/// What a column with the numbers is called.
const NUMBER: [&str; 10] = [
    "number",
    "nr",
    "no",
    "no.",
    "#",
    "id",
    "index",
    "value",
    "label number",
    "label id",
];
/// What a column with names is called.
const NAME: [&str; 6] = [
    "name",
    "names",
    "label name",
    "structure",
    "organ",
    "contour",
];
/// What either is called, beside a column of the other kind.
const EITHER: [&str; 3] = ["label", "class", "roi"];

/// A number and names as they stand there, or what is wrong with the line.
pub(super) type Row = Result<(String, Vec<String>), String>;

/// The rows, each with its line, counted from 1. Empty lines are none.
pub(super) fn rows(text: &str) -> impl Iterator<Item = (usize, Row)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = (1..).zip(text.lines().map(str::trim_end));
    let mut lines = lines.filter(|(_, line)| !line.is_empty()).peekable();
    let columns = lines.peek().and_then(|(_, line)| Columns::named_in(line));
    if columns.is_some() {
        lines.next();
    }
    lines.map(move |(number, line)| match &columns {
        Some(columns) => (number, columns.read(line)),
        None => (number, unnamed(line)),
    })
}

/// A name as a cell that reads as this name.
#[must_use]
pub fn label_cell(name: &str) -> Cow<'_, str> {
    let other = name.trim_start().starts_with('"') || is_colour(name) || is_number(name);
    match other || name.contains('\t') {
        true => format!("\"{}\"", name.replace('"', "\"\"")).into(),
        false => name.into(),
    }
}

/// The columns that a first line names.
struct Columns {
    separator: char,
    count: usize,
    number: usize,
    names: Vec<usize>,
}

impl Columns {
    fn named_in(line: &str) -> Option<Columns> {
        let separator = ['\t', ';', ','].into_iter().find(|c| line.contains(*c))?;
        let word = |cell: Cell| cell.text.trim().to_lowercase().replace(['_', '-'], " ");
        let words: Vec<String> = cells(line, separator).ok()?.into_iter().map(word).collect();
        let places = |called: &[&str]| -> Vec<usize> {
            let is_called = |place: &usize| called.contains(&words[*place].as_str());
            (0..words.len()).filter(is_called).collect()
        };
        let (numbers, names, either) = (places(&NUMBER), places(&NAME), places(&EITHER));
        let (number, names) = match (numbers.first(), names.is_empty()) {
            (Some(number), true) => (*number, either),
            (Some(number), false) => (*number, names),
            (None, _) => (*either.first()?, names),
        };
        (!names.is_empty()).then_some(Columns {
            separator,
            count: words.len(),
            number,
            names,
        })
    }

    fn read(&self, line: &str) -> Row {
        let cells = cells(line, self.separator)?;
        if cells.len() > self.count {
            return Err(format!(
                "{} columns, where the first line names {}; a name with a separator stands in \
                 quotation marks",
                cells.len(),
                self.count
            ));
        }
        let at = |place: &usize| cells.get(*place).map(|cell| cell.text.clone());
        let names = self.names.iter().filter_map(at).collect();
        Ok((at(&self.number).unwrap_or_default(), names))
    }
}

/// A line where nothing says what its columns are: the number is first.
fn unnamed(line: &str) -> Row {
    if let Some((number, _)) = line.split_once('\t')
        && !number.trim().is_empty()
    {
        return tabbed(cells(line, '\t')?);
    }
    let line = line.trim();
    let end = match line.strip_prefix('"').and_then(|rest| rest.find('"')) {
        Some(end) => end + 2,
        None => line.bytes().take_while(u8::is_ascii_digit).count(),
    };
    let (number, rest) = line.split_at(end);
    let separated = rest.trim_start();
    let is_apart = separated.len() < rest.len();
    match separated.chars().next() {
        Some(c @ (',' | ';')) if end > 0 => {
            separated_by(c, cells(&format!("{number}{separated}"), c)?)
        }
        Some(':' | '=') if end > 0 => {
            tabbed(cells(&format!("{number}\t{}", &separated[1..]), '\t')?)
        }
        Some(_) if end > 0 && is_apart => tabbed(cells(&format!("{number}\t{separated}"), '\t')?),
        _ => Ok((line.to_owned(), Vec::new())),
    }
}

/// After a number every cell is a name, but for colours.
fn tabbed(cells: Vec<Cell>) -> Row {
    let mut cells = cells.into_iter();
    let number = cells.next().map(|cell| cell.text).unwrap_or_default();
    let mut names: Vec<Cell> = cells.filter(|cell| !cell.text.trim().is_empty()).collect();
    if names.len() > 1 {
        names.retain(|cell| cell.is_quoted || !is_colour(&cell.text));
        let is_other = |cell: &&Cell| !cell.is_quoted && is_number(&cell.text);
        if let Some(cell) = names.iter().find(is_other) {
            return Err(format!(
                "“{}” is no name; leave out such columns, or name the columns in a first line: \
                 number, name, …",
                cell.text.trim()
            ));
        }
    }
    Ok((number, names.into_iter().map(|cell| cell.text).collect()))
}

/// After a number stands one name: a separator may also be part of it, which nobody can tell.
fn separated_by(separator: char, cells: Vec<Cell>) -> Row {
    let count = cells.len();
    let mut cells = cells.into_iter();
    let number = cells.next().map(|cell| cell.text).unwrap_or_default();
    let mut names: Vec<String> = cells.map(|cell| cell.text).collect();
    names.retain(|name| !name.trim().is_empty());
    if names.len() > 1 {
        names.retain(|name| !is_colour(name));
    }
    if names.len() > 1 {
        return Err(format!(
            "{count} columns; put a name with “{separator}” in quotation marks, or name the \
             columns in a first line: number{separator}name{separator}…"
        ));
    }
    Ok((number, names))
}

/// What stands between two separators.
struct Cell {
    text: String,
    is_quoted: bool,
}

/// Splits a line of CSV (RFC 4180); a cell ends with its line.
fn cells(line: &str, separator: char) -> Result<Vec<Cell>, String> {
    let mut cells = Vec::new();
    let mut rest = line;
    loop {
        let Some(mut inner) = rest.trim_start_matches(' ').strip_prefix('"') else {
            let (text, after) = match rest.split_once(separator) {
                Some((text, after)) => (text, Some(after)),
                None => (rest, None),
            };
            cells.push(Cell {
                text: text.to_owned(),
                is_quoted: false,
            });
            match after {
                Some(after) => rest = after,
                None => return Ok(cells),
            }
            continue;
        };
        let mut text = String::new();
        let after = loop {
            let closed = inner
                .split_once('"')
                .ok_or("a quotation mark is not closed")?;
            text.push_str(closed.0);
            match closed.1.strip_prefix('"') {
                Some(more) => {
                    text.push('"');
                    inner = more;
                }
                None => break closed.1.trim_start_matches(' '),
            }
        };
        cells.push(Cell {
            text,
            is_quoted: true,
        });
        match after.strip_prefix(separator) {
            Some(after) => rest = after,
            None if after.is_empty() => return Ok(cells),
            None => return Err(format!("after a closing quotation mark stands “{after}”")),
        }
    }
}

/// Whether this is a colour: `#` and three, four, six or eight hexadecimal digits.
fn is_colour(text: &str) -> bool {
    text.trim().strip_prefix('#').is_some_and(|digits| {
        matches!(digits.len(), 3 | 4 | 6 | 8) && digits.bytes().all(|b| b.is_ascii_hexdigit())
    })
}

fn is_number(text: &str) -> bool {
    let text = text.trim();
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}
