//! Which group is the account.

use crate::{Event, Group, Selection};

/// How the selector is asked about one event.
pub(crate) type Asked<'a> = &'a dyn Fn(&[Group]) -> Selection;

/// Finds the account of an event: by the tenant's selector if there is one, else by the mapping's own rule.
pub struct Choice<'a> {
    asked: Option<Asked<'a>>,
}

impl<'a> Choice<'a> {
    pub(crate) fn new(asked: Option<Asked<'a>>) -> Self {
        Self { asked }
    }

    /// The account of an event, of all groups that it names: what the selector says, else the first one.
    #[must_use]
    pub fn account(&self, event: &Event) -> Option<Group> {
        self.among(event.candidates())
    }

    /// The account, of candidates in the order of a rule of your own: what the selector says, else the first one.
    #[must_use]
    pub fn among(&self, candidates: Vec<Group>) -> Option<Group> {
        let index = match self.asked.map_or(Selection::DefaultRule, |asked| asked(&candidates)) {
            Selection::DefaultRule => 0,
            Selection::Candidate(index) => usize::try_from(index).ok()?,
            Selection::None => return None,
            Selection::Custom(group) => return Some(group),
        };
        candidates.into_iter().nth(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups() -> Vec<Group> {
        ["a", "b"].map(|id| Group { group_id: id.into(), group_type: "Account".into(), traits: "{}".into() }).into()
    }

    fn chosen(selection: Selection) -> Option<String> {
        let asked = move |_: &[Group]| selection.clone();
        Choice::new(Some(&asked)).among(groups()).map(|group| group.group_id)
    }

    #[test]
    fn without_a_selector_it_is_the_first() {
        assert_eq!(Choice::new(None).among(groups()).unwrap().group_id, "a");
        assert_eq!(Choice::new(None).among(Vec::new()), None);
    }

    #[test]
    fn a_selector_decides() {
        assert_eq!(chosen(Selection::DefaultRule).as_deref(), Some("a"));
        assert_eq!(chosen(Selection::Candidate(1)).as_deref(), Some("b"));
        assert_eq!(chosen(Selection::None), None);
        assert_eq!(chosen(Selection::custom("Account", "c")).as_deref(), Some("c"));
    }
}
