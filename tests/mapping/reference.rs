//! The rules of the default mapping once more, in the plainest way and with no
//! code in common with the product: what `transform` must print for an event.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::fields::NO_ATTRIBUTES;
use super::json::Json;
use super::time;

/// Ids that Amplitude refuses; the empty one never gets that far.
const REFUSED: [&str; 13] = [
    "anonymous",
    "nil",
    "none",
    "null",
    "n/a",
    "na",
    "undefined",
    "unknown",
    "00000000-0000-0000-0000-000000000000",
    "{}",
    "lmy47d",
    "0",
    "-1",
];

/// What Amplitude knows to do with properties, other than having them.
const OPERATIONS: [&str; 10] =
    ["$set", "$setOnce", "$add", "$append", "$prepend", "$unset", "$preInsert", "$postInsert", "$remove", "$clearAll"];

/// Bags by name, with the values as they were written.
type Bag = BTreeMap<String, Json>;

/// A group: its id first, since groups are ordered by it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Group {
    id: String,
    kind: String,
}

/// The line of an event; `None` if the text is no event. Settings must be valid.
pub(super) fn line(settings: &str, event: &[u8]) -> Option<String> {
    let settings = Json::read(settings.as_bytes()).unwrap();
    let event = Json::read(event)?;
    let event_type = event.get("event_type")?.string().filter(|name| !name.is_empty())?;
    Some(match outcome(&settings, &event, &event_type) {
        Ok(parts) => format!(r#"{{"outcome":"deliver","events":[{{{}}}]}}"#, parts.join(",")),
        Err(reason) => format!(r#"{{"outcome":"skip","reason":{}}}"#, quoted(reason)),
    })
}

/// The members of the one Accoil event, as text; or why it is skipped.
fn outcome(settings: &Json, event: &Json, event_type: &str) -> Result<Vec<String>, &'static str> {
    if !is_selected(settings, event_type) {
        return Err("event type not selected");
    }
    let timestamp = time::of_event(event).map(|time| format!(r#""timestamp":{}"#, quoted(&time)));
    if event_type == "$groupidentify" {
        let groups = groups_of(event.get("groups"));
        if groups.is_empty() {
            return Err("missing group id");
        }
        let properties = with_operations(event.get("group_properties"));
        let traits: Vec<_> = groups.iter().map(|group| group_traits(group, &properties)).collect();
        let traits = format!(r#""groupTraits":[{}]"#, traits.join(","));
        return Ok(timestamp.into_iter().chain([traits]).collect());
    }

    let bags = Bags::of(event, event_type == "$identify");
    let user = user_id(settings, event, &bags)?;
    let mut parts = vec![format!(r#""userId":{}"#, quoted(&user))];
    if event_type != "$identify" {
        parts.push(format!(r#""event":{}"#, quoted(event_type)));
    }
    parts.extend(timestamp);
    let metadata = metadata(settings, &bags);
    if !metadata.is_empty() {
        parts.push(format!(r#""metadata":{}"#, written(&metadata)));
    }
    if let Some(group) = primary(settings, event) {
        let traits = group_traits(&group, &traits_at(event, &group));
        parts.push(format!(r#""groupTraits":[{traits}]"#));
    }
    Ok(parts)
}

// Rule 1.

fn is_selected(settings: &Json, event_type: &str) -> bool {
    let list = |name| settings.get("event_types").and_then(|types| types.get(name)).map(Json::strings);
    let include = list("include").unwrap_or_default();
    let exclude = list("exclude").unwrap_or_default();
    (include.is_empty() || include.iter().any(|name| name == event_type))
        && !exclude.iter().any(|name| name == event_type)
}

// Rule 2.

fn user_id(settings: &Json, event: &Json, bags: &Bags) -> Result<String, &'static str> {
    let source = settings.get("user_id").and_then(Json::string).unwrap_or_else(|| "user_id".to_owned());
    let value = match source.as_str() {
        "user_id" | "device_id" => event.get(&source),
        name => bags.find(name).map(|(_, value)| value),
    };
    let user = value.and_then(id).ok_or("missing user id")?;
    if REFUSED.contains(&user.to_ascii_lowercase().as_str()) {
        return Err("invalid user id");
    }
    Ok(user)
}

/// A string with something in it, or a number as its text.
fn id(value: &Json) -> Option<String> {
    match value {
        Json::Text(text) => Some(text.content()).filter(|text| !text.is_empty()),
        Json::Number(text) => Some(text.clone()),
        _ => None,
    }
}

// Rule 3.

struct Bags {
    event_properties: Bag,
    user_properties: Bag,
    attributes: Bag,
}

impl Bags {
    fn of(event: &Json, is_identify: bool) -> Self {
        let user_properties = event.get("user_properties");
        let mut attributes = bag(Some(event));
        attributes.retain(|name, _| !NO_ATTRIBUTES.contains(&name.as_str()));
        Self {
            event_properties: bag(event.get("event_properties")),
            user_properties: if is_identify { with_operations(user_properties) } else { bag(user_properties) },
            attributes,
        }
    }

    /// The value that a name from the settings means, under the name without its prefix.
    fn find<'a>(&'a self, name: &'a str) -> Option<(&'a str, &'a Json)> {
        let bags = [
            ("event_properties.", &self.event_properties),
            ("user_properties.", &self.user_properties),
            ("attributes.", &self.attributes),
        ];
        for (prefix, bag) in bags {
            if let Some(key) = name.strip_prefix(prefix) {
                return bag.get(key).map(|value| (key, value));
            }
        }
        bags.iter().find_map(|(_, bag)| bag.get(name)).map(|value| (name, value))
    }
}

fn bag(value: Option<&Json>) -> Bag {
    value.map(Json::members).unwrap_or_default().into_iter().map(|(name, value)| (name, value.clone())).collect()
}

fn metadata(settings: &Json, bags: &Bags) -> Bag {
    let mut metadata = Bag::new();
    for name in settings.get("properties").map(Json::strings).unwrap_or_default() {
        if let Some((key, value)) = bags.find(&name) {
            metadata.entry(key.to_owned()).or_insert_with(|| value.clone());
        }
    }
    metadata
}

// Rules 4 and 5.

/// Every group that is named, each once, ascending.
fn groups_of(groups: Option<&Json>) -> Vec<Group> {
    let mut found = BTreeSet::new();
    for (kind, value) in groups.map(Json::members).unwrap_or_default() {
        let ids = match value {
            Json::Array(elements) => elements.iter().filter_map(id).collect(),
            scalar => Vec::from_iter(id(scalar)),
        };
        found.extend(ids.into_iter().map(|id| Group { id, kind: kind.clone() }));
    }
    found.into_iter().collect()
}

fn traits_at(event: &Json, group: &Group) -> Bag {
    bag(event.get("group_properties").and_then(|types| types.get(&group.kind)).and_then(|ids| ids.get(&group.id)))
}

fn primary(settings: &Json, event: &Json) -> Option<Group> {
    let keep = settings.get("groups_without_properties").and_then(Json::string).as_deref() == Some("keep");
    if !keep && !event.get("group_properties").is_some_and(Json::is_object) {
        return None;
    }
    let rules = settings.get("primary_group");
    let rule = |name| rules.and_then(|rules| rules.get(name));
    let only = rule("only_types").map(Json::strings).unwrap_or_default();
    let preferred = rule("prefer_types").map(Json::strings).unwrap_or_default();
    let order = rule("order").and_then(Json::string).unwrap_or_default();

    let mut groups = groups_of(event.get("groups"));
    groups.retain(|group| only.is_empty() || only.contains(&group.kind));
    let matches = |group: &Group| {
        rule("prefer_where").is_some_and(|wanted| {
            let traits = traits_at(event, group);
            let value = traits.get(&wanted.get("trait").and_then(Json::string).unwrap());
            value.is_some_and(|value| value.means(wanted.get("equals").unwrap()))
        })
    };
    let place = |group: &Group| preferred.iter().position(|kind| *kind == group.kind).unwrap_or(preferred.len());
    groups.into_iter().min_by(|left, right| {
        (matches(right).cmp(&matches(left)))
            .then(place(left).cmp(&place(right)))
            .then(by_id(&order, &left.id, &right.id))
            .then(left.kind.cmp(&right.kind))
    })
}

fn by_id(order: &str, left: &str, right: &str) -> Ordering {
    let is_number = |id: &str| id.bytes().all(|byte| byte.is_ascii_digit());
    match order {
        "descending" => right.cmp(left),
        "numeric" => match (is_number(left), is_number(right)) {
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => left.cmp(right),
            (true, true) => {
                let digits = |id: &str| id.trim_start_matches('0').to_owned();
                let (left_digits, right_digits) = (digits(left), digits(right));
                (left_digits.len().cmp(&right_digits.len())).then(left_digits.cmp(&right_digits)).then(left.cmp(right))
            }
        },
        _ => left.cmp(right),
    }
}

// Rule 6.

fn group_traits(group: &Group, traits: &Bag) -> String {
    let mut traits = traits.clone();
    traits.retain(|_, value| !matches!(value, Json::Null));
    traits.insert("group_type".to_owned(), Json::read(quoted(&group.kind).as_bytes()).unwrap());
    format!(r#"{{"groupId":{},"traits":{}}}"#, quoted(&group.id), written(&traits))
}

// Rule 7.

/// Flat values, then those of `$setOnce`, then those of `$set`; the later ones win.
fn with_operations(properties: Option<&Json>) -> Bag {
    let mut values = bag(properties);
    values.retain(|name, _| !OPERATIONS.contains(&name.as_str()));
    for operation in ["$setOnce", "$set"] {
        values.extend(bag(properties.and_then(|properties| properties.get(operation))));
    }
    values
}

// How it is printed.

fn written(bag: &Bag) -> String {
    let members: Vec<_> = bag.iter().map(|(name, value)| format!("{}:{}", quoted(name), value.written())).collect();
    format!("{{{}}}", members.join(","))
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}
