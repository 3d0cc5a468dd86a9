//! JSON text in lines, for people and for files that people keep.

use json_text::{Kind, elements, kind, members, push_string};

/// Appends checked JSON text, one value a line; the lines after the first begin with `indent`, and `unit` more for each
/// level. Scalars keep their text.
pub(super) fn push(out: &mut String, text: &str, indent: &str, unit: &str) {
    let inner = format!("{indent}{unit}");
    let (close, mut count) = match kind(text) {
        Kind::Array => (']', 0),
        Kind::Object => ('}', 0),
        _ => return out.push_str(text.trim()),
    };
    let mut begin = |out: &mut String| {
        out.push_str(if count == 0 { "\n" } else { ",\n" });
        out.push_str(&inner);
        count += 1;
    };
    out.push(if close == ']' { '[' } else { '{' });
    for element in elements(text) {
        begin(out);
        push(out, element, &inner, unit);
    }
    for (name, value) in members(text) {
        begin(out);
        push_string(out, &name.content());
        out.push_str(": ");
        push(out, value, &inner, unit);
    }
    if count > 0 {
        out.push('\n');
        out.push_str(indent);
    }
    out.push(close);
}

#[cfg(test)]
mod tests {
    #[test]
    fn values_stand_on_lines_and_keep_their_digits() {
        let mut out = String::new();
        super::push(&mut out, r#"{"a":1.0e2,"b":[],"c":{},"d":[1,{"e":"\u00e9"}]}"#, "  ", "  ");
        let told = "{\n    \"a\": 1.0e2,\n    \"b\": [],\n    \"c\": {},\n    \"d\": [\n      1,\n      {\n        \
                    \"e\": \"\\u00e9\"\n      }\n    ]\n  }";
        assert_eq!(out, told);
    }
}
