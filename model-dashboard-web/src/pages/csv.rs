//! Lines of comma-separated values (RFC 4180) that a spreadsheet can open without harm.

/// Adds a line.
pub(super) fn push_line(out: &mut String, fields: &[String]) {
    for (i, field) in fields.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        // A spreadsheet would run what begins like a formula.
        let guard = if field.starts_with(['=', '+', '-', '@', '\t']) {
            "'"
        } else {
            ""
        };
        out.push_str(&format!("\"{guard}{}\"", field.replace('"', "\"\"")));
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_doubled_and_formulas_are_text() {
        let mut out = String::new();
        let fields = ["a \"b\", c", "=1+1", "-2", ""].map(str::to_owned);
        push_line(&mut out, &fields);
        assert_eq!(out, "\"a \"\"b\"\", c\",\"'=1+1\",\"'-2\",\"\"\r\n");
    }
}
