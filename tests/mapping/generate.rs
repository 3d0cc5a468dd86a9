//! Random events and settings, as nasty as they come. The same seed gives the
//! same ones everywhere.

use super::words::{EVENT_TYPES, FIELDS, IDS, KIN, NAMES, PREFIXES, REFUSED, TIME_NUMBERS, TIMES, TYPES, VALUES};

/// Random numbers (SplitMix64).
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// True in so many of a hundred cases.
    pub(super) fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    pub(super) fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    fn some<'a>(&mut self, from: &[&'a str], at_most: usize) -> Vec<&'a str> {
        (0..self.below(at_most + 1)).map(|_| self.pick(from)).collect()
    }
}

/// JSON text, written by somebody who does not care for looks.
pub(super) struct Writer<'a> {
    pub(super) random: &'a mut Random,
    /// Whether there may be white space between tokens.
    spaced: bool,
}

impl<'a> Writer<'a> {
    pub(super) fn new(random: &'a mut Random) -> Self {
        let spaced = random.percent(20);
        Self { random, spaced }
    }

    fn space(&mut self) -> &'static str {
        if self.spaced { self.random.pick(&["", "", " ", "\t", "  ", " \r"]) } else { "" }
    }

    fn string(&mut self, content: &str) -> String {
        if self.random.percent(90) {
            return serde_json::to_string(content).unwrap();
        }
        let mut text = String::from("\"");
        for unit in content.encode_utf16() {
            text.push_str(&if self.random.percent(50) { format!("\\u{unit:04x}") } else { format!("\\u{unit:04X}") });
        }
        text + "\""
    }

    /// Members in any order, some of them twice.
    fn object(&mut self, mut members: Vec<(&str, String)>) -> String {
        for place in (1..members.len()).rev() {
            members.swap(place, self.random.below(place + 1));
        }
        let mut text = format!("{}{{{}", self.space(), self.space());
        for (index, (name, value)) in members.iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            let name = self.string(name);
            text.push_str(&format!("{}{name}{}:{}{value}{}", self.space(), self.space(), self.space(), self.space()));
        }
        text + "}" + self.space()
    }

    fn array(&mut self, elements: &[String]) -> String {
        let mut text = String::from("[") + self.space();
        text.push_str(&elements.join(","));
        text + self.space() + "]"
    }

    /// Anything, now and then instead of what belongs there.
    fn wrong(&mut self) -> String {
        self.random.pick(&VALUES).to_owned()
    }

    fn id(&mut self) -> String {
        self.random.pick(&IDS).to_owned()
    }

    fn user(&mut self) -> String {
        if self.random.percent(12) { self.random.pick(&REFUSED).to_owned() } else { self.id() }
    }

    fn bag(&mut self, size: usize) -> String {
        let members = self.bag_members(size);
        self.object(members)
    }

    fn bag_members(&mut self, size: usize) -> Vec<(&'static str, String)> {
        let members = self.random.below(size + 1);
        (0..members)
            .map(|_| {
                let name = self.random.pick(&NAMES);
                let value = if self.random.percent(25) { self.user() } else { self.wrong() };
                (name, value)
            })
            .collect()
    }

    /// Traits of a group, often with one that settings ask for.
    fn traits(&mut self) -> String {
        let mut members = self.bag_members(4);
        if self.random.percent(50) {
            members.push(("plan", self.random.pick(&KIN).to_owned()));
        }
        self.object(members)
    }

    /// Properties under operations, with flat ones beside them.
    fn operations(&mut self) -> String {
        let mut members = self.bag_members(2);
        for operation in ["$set", "$setOnce", "$add", "$unset", "$set", "$clearAll"] {
            if self.random.percent(35) {
                let value = if self.random.percent(90) { self.bag(4) } else { self.wrong() };
                members.push((operation, value));
            }
        }
        self.object(members)
    }

    /// `groups`, and the names that its groups have.
    fn groups(&mut self) -> (String, Vec<(&'static str, String)>) {
        let mut named = Vec::new();
        let mut members = Vec::new();
        for _ in 0..self.random.below(4) {
            let kind = self.random.pick(&TYPES);
            let ids: Vec<_> = (0..self.random.below(6)).map(|_| self.id()).collect();
            named.extend(ids.iter().map(|id| (kind, id.clone())));
            let ids = match ids.as_slice() {
                [one] if self.random.percent(60) => one.clone(),
                many => self.array(many),
            };
            members.push((kind, ids));
        }
        (self.object(members), named)
    }

    /// `group_properties` for most of the groups.
    fn group_properties(&mut self, named: &[(&'static str, String)]) -> String {
        let mut members: Vec<(&str, String)> = Vec::new();
        for kind in TYPES {
            let mut by_id = Vec::new();
            for (_, id) in named.iter().filter(|(of, _)| *of == kind) {
                let key = if id.starts_with('"') { id.clone() } else { serde_json::to_string(id).unwrap() };
                let traits = if self.random.percent(90) { self.traits() } else { self.wrong() };
                if self.random.percent(85) {
                    by_id.push(format!("{key}{}:{traits}", self.space()));
                }
            }
            if !by_id.is_empty() && self.random.percent(90) {
                members.push((kind, format!("{{{}}}", by_id.join(","))));
            } else if self.random.percent(5) {
                members.push((kind, self.wrong()));
            }
        }
        self.object(members)
    }

    fn time(&mut self) -> String {
        match self.random.below(8) {
            0 => self.wrong(),
            1..=3 => self.random.pick(&TIME_NUMBERS).to_owned(),
            _ => {
                let time = self.random.pick(&TIMES);
                self.string(time)
            }
        }
    }

    pub(super) fn event(&mut self) -> String {
        let event_type = self.random.pick(&EVENT_TYPES);
        let (groups, named) = self.groups();
        let group_properties = match self.random.below(10) {
            0 => self.operations(),
            1 => self.bag(3),
            _ if event_type == "$groupidentify" => self.operations(),
            _ => self.group_properties(&named),
        };
        let user_properties =
            if event_type == "$identify" || self.random.percent(15) { self.operations() } else { self.bag(6) };
        let mut members = vec![("event_type", self.string(event_type))];
        let chances = [
            ("user_id", self.user(), 92),
            ("device_id", self.user(), 50),
            ("event_properties", self.bag(6), 80),
            ("user_properties", user_properties, 85),
            ("groups", groups, 85),
            ("group_properties", group_properties, 85),
            ("event_time", self.time(), 45),
            ("time", self.time(), 45),
            ("client_event_time", self.time(), 45),
            ("insert_id", self.user(), 30),
            ("$insert_id", self.user(), 30),
            ("uuid", self.user(), 30),
        ];
        for (name, value, chance) in chances {
            if self.random.percent(chance) {
                let value = if self.random.percent(4) { self.wrong() } else { value };
                members.push((name, value));
            }
        }
        for name in self.random.some(&FIELDS, 4) {
            members.push((name, self.wrong()));
        }
        if self.random.percent(5) {
            // A double of anything, or no event at all.
            let name = members[self.random.below(members.len())].0;
            let value = if self.random.percent(50) { self.wrong() } else { self.string(event_type) };
            members.push((name, value));
        }
        self.object(members)
    }

    fn names(&mut self) -> String {
        let names: Vec<_> = (0..self.random.below(7)).map(|_| self.name()).collect();
        self.array(&names)
    }

    fn name(&mut self) -> String {
        let name = format!("{}{}", self.random.pick(&PREFIXES), self.random.pick(&NAMES));
        self.string(if name.is_empty() { "plan" } else { &name })
    }

    fn list(&mut self, from: &[&str]) -> String {
        let list: Vec<_> = self.random.some(from, 3).into_iter().map(|item| self.string(item)).collect();
        self.array(&list)
    }

    /// Settings that fit the schema.
    pub(super) fn settings(&mut self) -> String {
        let mut members = Vec::new();
        if self.random.percent(30) {
            let mut types = Vec::new();
            if self.random.percent(50) {
                types.push(("include", self.list(&EVENT_TYPES)));
            }
            if self.random.percent(50) {
                types.push(("exclude", self.list(&EVENT_TYPES)));
            }
            members.push(("event_types", self.object(types)));
        }
        if self.random.percent(40) {
            let plain =
                self.random.pick(&["user_id", "device_id", "email", "user_properties.email", "attributes.email"]);
            let user = if self.random.percent(60) { self.string(plain) } else { self.name() };
            members.push(("user_id", user));
        }
        if self.random.percent(80) {
            members.push(("properties", self.names()));
        }
        if self.random.percent(30) {
            members.push((
                "groups_without_properties",
                self.random.pick(&["\"keep\"", "\"keep\"", "\"drop\""]).to_owned(),
            ));
        }
        if self.random.percent(70) {
            let mut rules = Vec::new();
            if self.random.percent(25) {
                rules.push(("only_types", self.list(&TYPES)));
            }
            if self.random.percent(60) {
                // Not every number and string: settings are read by a stricter parser than events.
                let value = match self.wrong().as_str() {
                    "1e400" => "1e300".to_owned(),
                    other => other.replace("\\ud800 ", ""),
                };
                let kin = (self.random.percent(70)).then(|| self.random.pick(&KIN).to_owned());
                let name = if kin.is_some() { "plan" } else { self.random.pick(&NAMES) };
                let value = kin.unwrap_or(value);
                let wanted = vec![("trait", self.string(name)), ("equals", value)];
                rules.push(("prefer_where", self.object(wanted)));
            }
            if self.random.percent(35) {
                rules.push(("prefer_types", self.list(&TYPES)));
            }
            if self.random.percent(70) {
                let order = self.random.pick(&["ascending", "descending", "numeric", "numeric"]);
                rules.push(("order", self.string(order)));
            }
            members.push(("primary_group", self.object(rules)));
        }
        self.object(members)
    }
}
