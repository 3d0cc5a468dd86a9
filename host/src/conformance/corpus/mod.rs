//! The events that every plugin must get along with. The same ones in every run: chance is seeded.

mod groups;
mod large;
mod names;
mod usual;
mod values;
mod words;

pub(super) use groups::groups;
pub(super) use large::{deep, full_batch, largest};
pub(super) use names::{duplicates, types};
pub(super) use usual::usual;
pub(super) use values::{absent, numbers, unicode};

/// An event, and what is special about it.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    /// A few words, for the report.
    pub(super) name: String,
    /// The event as it comes from Amplitude: a JSON object.
    pub(super) text: String,
}

impl Sample {
    fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into() }
    }
}

/// An event that has something in every field. Each field may be put in place of what is here.
#[derive(Clone)]
struct Fields(Vec<(&'static str, String)>);

impl Fields {
    fn full() -> Self {
        Self(
            [
                ("event_type", r#""Report Created""#),
                ("user_id", r#""user_81""#),
                ("device_id", r#""5c1f0c6e-2f0e""#),
                ("insert_id", r#""c-1""#),
                ("time", "1764000000123"),
                ("event_properties", r#"{"report":"pipeline","rows":120,"tags":["a","b"],"nested":{"x":null}}"#),
                ("user_properties", r#"{"plan":"pro","email":"ada@example.com"}"#),
                ("groups", r#"{"Account":["210000","7"],"Team":"7"}"#),
                (
                    "group_properties",
                    r#"{"Account":{"210000":{"name":"Analytical Engines","mrr":129900},"7":{}},"Team":{"7":{"name":"Core"}}}"#,
                ),
                ("platform", r#""Web""#),
                ("revenue", "12.5"),
            ]
            .map(|(name, value)| (name, value.to_owned()))
            .into(),
        )
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.0.retain(|(other, _)| *other != name);
        self.0.push((name, value.into()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.0.retain(|(other, _)| *other != name);
        self
    }

    /// A group of this type with this id and these traits, all of them JSON text, and no other.
    fn with_group(self, group_type: &str, id: &str, traits: &str) -> Self {
        let key = if id.starts_with('"') { id.to_owned() } else { format!("\"{id}\"") };
        self.with("groups", format!("{{{group_type}:[{id}]}}"))
            .with("group_properties", format!("{{{group_type}:{{{key}:{traits}}}}}"))
    }

    fn text(&self) -> String {
        let members: Vec<String> = self.0.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", members.join(","))
    }

    fn sample(&self, name: impl Into<String>) -> Sample {
        Sample::new(name, self.text())
    }
}

/// The names of the fields that a full event has.
const NAMES: [&str; 11] = [
    "event_type",
    "user_id",
    "device_id",
    "insert_id",
    "time",
    "event_properties",
    "user_properties",
    "groups",
    "group_properties",
    "platform",
    "revenue",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Event;
    use crate::limits::Limits;

    fn all() -> Vec<Sample> {
        let limits = Limits::default();
        [
            usual(200),
            absent(),
            unicode(),
            numbers(),
            duplicates(),
            types(),
            groups(),
            deep(),
            largest(&limits),
            full_batch(&limits),
        ]
        .concat()
    }

    #[test]
    fn every_sample_is_an_event_that_the_host_lets_through() {
        let limits = Limits::default();
        for Sample { name, text } in all() {
            Event::read(text.as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(text.len() <= limits.event_bytes, "{name}: {} bytes", text.len());
        }
    }

    #[test]
    fn every_run_has_the_same_samples() {
        let texts = |samples: Vec<Sample>| samples.into_iter().map(|sample| sample.text).collect::<Vec<_>>();
        assert_eq!(texts(all()), texts(all()));
    }

    #[test]
    fn the_largest_samples_are_as_large_as_may_be() {
        let limits = Limits::default();
        assert!(largest(&limits).iter().all(|sample| sample.text.len() == limits.event_bytes));
        let full = full_batch(&limits);
        let bytes: usize = full.iter().map(|sample| sample.text.len()).sum();
        assert_eq!(full.len(), limits.batch_events);
        assert!(bytes <= limits.batch_bytes && bytes > limits.batch_bytes / 10 * 9, "{bytes}");
    }

    #[test]
    fn the_deepest_samples_are_as_deep_as_may_be() {
        for Sample { name, text } in deep() {
            for (flat, deeper) in [("[]", "[[]]"), ("{}", "{\"x\":{}}")] {
                if text.contains(flat) {
                    let text = text.replacen(flat, deeper, 1);
                    assert!(Event::read(text.as_bytes()).is_err(), "{name}");
                }
            }
        }
    }
}
