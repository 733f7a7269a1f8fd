//! Tables of models for data frames.

use http::HeaderValue;
use serde_json::{Map, Value};

/// The columns, in order.
const COLUMNS: [&str; 8] = [
    "name",
    "network_type",
    "description",
    "version",
    "enabled",
    "alias",
    "create_date",
    "last_modified_date",
];

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// `{"name":{"0":"a","1":"b"},…}`, as pandas writes it by default.
    Columns,
    /// A list of row objects.
    Records,
    /// RFC 4180, with a header line.
    Csv,
}

impl Format {
    /// Its media type.
    pub(super) fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Format::Columns | Format::Records => "application/json",
            Format::Csv => "text/csv; charset=utf-8; header=present",
        })
    }

    /// The table of these list entries.
    pub(super) fn write<'a>(self, entries: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
        match self {
            Format::Records => {
                let mut out = b"[".to_vec();
                for (i, entry) in entries.enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    out.extend_from_slice(entry);
                }
                out.push(b']');
                out
            }
            Format::Columns => columns(rows(entries)),
            Format::Csv => csv(rows(entries)),
        }
    }
}

fn rows<'a>(entries: impl Iterator<Item = &'a [u8]>) -> impl Iterator<Item = Map<String, Value>> {
    // The catalogue writes its entries itself, each one is an object.
    entries.filter_map(|entry| serde_json::from_slice(entry).ok())
}

fn columns(rows: impl Iterator<Item = Map<String, Value>>) -> Vec<u8> {
    let mut columns = COLUMNS.map(|_| Vec::new());
    for (i, row) in rows.enumerate() {
        for (column, out) in COLUMNS.iter().zip(&mut columns) {
            let separator = if i > 0 { "," } else { "" };
            let value = row.get(*column).unwrap_or(&Value::Null);
            out.extend_from_slice(format!("{separator}\"{i}\":{value}").as_bytes());
        }
    }
    let mut out = b"{".to_vec();
    for (i, (column, values)) in COLUMNS.iter().zip(&columns).enumerate() {
        let separator = if i > 0 { "," } else { "" };
        out.extend_from_slice(format!("{separator}\"{column}\":{{").as_bytes());
        out.extend_from_slice(values);
        out.push(b'}');
    }
    out.push(b'}');
    out
}

fn csv(rows: impl Iterator<Item = Map<String, Value>>) -> Vec<u8> {
    let mut out = COLUMNS.join(",");
    out.push_str("\r\n");
    for row in rows {
        for (i, column) in COLUMNS.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            match row.get(*column) {
                Some(Value::String(text)) => push_field(&mut out, text),
                // As pandas writes it.
                Some(Value::Bool(true)) => out.push_str("True"),
                Some(Value::Bool(false)) => out.push_str("False"),
                _ => {}
            }
        }
        out.push_str("\r\n");
    }
    out.into_bytes()
}

fn push_field(out: &mut String, text: &str) {
    if text.contains(['"', ',', '\r', '\n']) {
        out.push('"');
        out.push_str(&text.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const ROWS: [&[u8]; 2] = [
        br#"{"name":"a","network_type":"T","description":"x, \"y\"\n","version":"1","enabled":true,"alias":"A","create_date":"","last_modified_date":""}"#,
        br#"{"name":"b","network_type":"T","description":"","version":"","enabled":false,"alias":"B","create_date":"","last_modified_date":""}"#,
    ];

    fn written(format: Format) -> String {
        String::from_utf8(format.write(ROWS.into_iter())).unwrap()
    }

    #[test]
    fn columns_are_as_pandas_writes_them() {
        let table: Value = serde_json::from_str(&written(Format::Columns)).unwrap();
        assert_eq!(table["name"]["1"], "b");
        assert_eq!(table["enabled"]["0"], true);
        assert_eq!(table.as_object().unwrap().len(), COLUMNS.len());
    }

    #[test]
    fn csv_quotes_what_needs_it() {
        let text = written(Format::Csv);
        assert!(text.starts_with("name,network_type,description,version,"));
        assert!(
            text.contains("a,T,\"x, \"\"y\"\"\n\",1,True,A,,\r\n"),
            "{text}"
        );
    }

    #[test]
    fn records_are_the_entries() {
        let rows: Value = serde_json::from_str(&written(Format::Records)).unwrap();
        assert_eq!(rows[1]["alias"], "B");
    }

    #[test]
    fn no_models_are_an_empty_table() {
        let none = || std::iter::empty::<&[u8]>();
        assert_eq!(Format::Records.write(none()), b"[]");
        assert!(serde_json::from_slice::<Value>(&Format::Columns.write(none())).is_ok());
    }
}
