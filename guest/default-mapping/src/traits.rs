//! What is told about a group.

use json_text::{Name, push_string};

const GROUP_TYPE: &str = "group_type";

/// Collects the traits of a group.
#[derive(Default)]
pub(crate) struct Traits<'a> {
    members: Vec<(Name<'a>, &'a str)>,
}

impl<'a> Traits<'a> {
    /// Takes up a trait; a later one of the same name replaces it.
    pub(crate) fn note(&mut self, name: Name<'a>, value: &'a str) {
        self.members.push((name, value));
    }

    /// Ends the collection. What is `null` at the end says nothing and goes.
    pub(crate) fn finish(mut self) -> Self {
        if !self.members.is_sorted_by(|left, right| left.0 < right.0) {
            // A stable sort keeps equal names in their order, of which the
            // last one counts.
            self.members.sort_by(|left, right| left.0.cmp(&right.0));
            self.members.reverse();
            self.members.dedup_by(|later, kept| later.0 == kept.0);
            self.members.reverse();
        }
        self.members.retain(|(name, value)| *value != "null" && *name != *GROUP_TYPE);
        self
    }

    /// The traits as a JSON object with ascending names, `group_type` always
    /// being the name of the group's type.
    pub(crate) fn with_type(&self, group_type: &str) -> String {
        let length: usize = self.members.iter().map(|(name, value)| name.as_written().len() + value.len() + 4).sum();
        let mut object = String::with_capacity(length + GROUP_TYPE.len() + group_type.len() + 8);
        object.push('{');
        let mut told = false;
        for (name, value) in &self.members {
            if !told && name.content().as_ref() > GROUP_TYPE {
                push_type(&mut object, group_type);
                told = true;
            }
            push_name(&mut object, *name);
            object.push_str(value);
        }
        if !told {
            push_type(&mut object, group_type);
        }
        object.push('}');
        object
    }
}

/// Appends a member's name, as it was written, and its colon.
pub(crate) fn push_name(object: &mut String, name: Name<'_>) {
    push_comma(object);
    object.push('"');
    object.push_str(name.as_written());
    object.push_str("\":");
}

/// Appends a comma, unless the object has just begun.
pub(crate) fn push_comma(object: &mut String) {
    if object.len() > 1 {
        object.push(',');
    }
}

fn push_type(object: &mut String, group_type: &str) {
    push_comma(object);
    object.push_str("\"group_type\":");
    push_string(object, group_type);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str, group_type: &str) -> String {
        let mut traits = Traits::default();
        json_text::members(text).for_each(|(name, value)| traits.note(name, value));
        traits.finish().with_type(group_type)
    }

    #[test]
    fn names_ascend_and_the_type_is_among_them() {
        assert_eq!(
            told(r#"{"name":"Acme","domain":"a.test"}"#, "Account"),
            r#"{"domain":"a.test","group_type":"Account","name":"Acme"}"#
        );
        assert_eq!(told("{}", "a\"b"), r#"{"group_type":"a\"b"}"#);
        assert_eq!(told(r#"{"a":1}"#, "T"), r#"{"a":1,"group_type":"T"}"#);
        assert_eq!(told(r#"{"z":1}"#, "T"), r#"{"group_type":"T","z":1}"#);
    }

    #[test]
    fn null_goes_and_a_trait_named_group_type_is_overruled() {
        assert_eq!(told(r#"{"group_type":"mine","a":null}"#, "T"), r#"{"group_type":"T"}"#);
    }

    #[test]
    fn the_last_of_equal_names_counts_even_if_it_is_null() {
        assert_eq!(told(r#"{"b":1,"a":1,"b":2}"#, "T"), r#"{"a":1,"b":2,"group_type":"T"}"#);
        assert_eq!(told(r#"{"a":1,"a":null}"#, "T"), r#"{"group_type":"T"}"#);
        assert_eq!(told(r#"{"a":null,"\u0061":3}"#, "T"), r#"{"\u0061":3,"group_type":"T"}"#);
    }
}
