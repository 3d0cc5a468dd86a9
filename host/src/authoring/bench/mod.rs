//! How fast a plugin is, beside the default mapping in the same run.
//!
//! A machine is never twice the same, so a number of its own says little: both are run in turn, round by round, and what
//! counts is the ratio in each round (`rounds`). A selector is measured as what it adds to its mapping.

mod report;
mod rounds;
mod side;
mod spread;

use std::time::Duration;

pub use report::{Report, SelectorReport, SideReport};
pub use spread::Spread;

use self::report::About;
use self::rounds::Rounds;
use self::side::{Side, singles};
use super::player::Player;
use super::subject::{Other, Ready, Subject, SubjectError, kind, metered};
use crate::admission::Admission;
use crate::event::Event;
use crate::limits::Limits;
use crate::sandbox::{Mapping, Metering, PluginKind};

/// A plugin and what it is measured beside.
pub struct Bench {
    subject: Subject,
    /// As the service runs it, and with instructions counted; none for a selector, which is measured beside its mapping
    /// alone.
    beside: Option<[Mapping; 2]>,
    bytes: usize,
    admission: Duration,
}

/// Settings, as JSON text.
#[derive(Clone, Copy, Debug)]
pub struct BenchSettings<'a> {
    /// Of the plugin that is measured.
    pub plugin: &'a str,
    /// Of the mapping that it is measured beside, or that it works with.
    pub mapping: &'a str,
}

/// How long it may take.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Most rounds.
    pub rounds: usize,
    /// How long each part of the measuring goes on, about: rounds, single events, instructions.
    pub time: Duration,
}

impl Bench {
    /// Admits all that is needed: the plugin itself from nothing, by `fresh`, for the time that takes is told.
    ///
    /// # Errors
    ///
    /// [`SubjectError`].
    pub fn load(
        [fresh, kept]: [&Admission; 2],
        limits: &Limits,
        component: &[u8],
        other: Other<'_>,
    ) -> Result<Self, SubjectError> {
        let kind = kind(component, limits)?;
        let (plain, admission) = Ready::timed([fresh, kept], limits, Metering::Off, kind, component, other)?;
        let metered = Ready::load(kept, &metered(limits), Metering::Fuel, kind, component, other)?;
        let beside = match kind {
            PluginKind::GroupSelector => None,
            PluginKind::Mapping => {
                let admit = |ready: &Ready| kept.admit(&ready.sandbox, other.bytes()).map_err(SubjectError::Mapping);
                Some([admit(&plain)?, admit(&metered)?])
            }
        };
        Ok(Self { subject: Subject { kind, plain, metered }, beside, bytes: component.len(), admission })
    }

    /// Measures, over batches as the service would make them.
    ///
    /// # Errors
    ///
    /// When settings do not fit.
    pub fn run(
        &self,
        settings: BenchSettings<'_>,
        batches: &[Vec<Event<'_>>],
        effort: Effort,
    ) -> Result<Report, SubjectError> {
        let Subject { kind, plain, metered } = &self.subject;
        let player = |ready| Player::new(ready, settings.plugin, settings.mapping);
        let mut plugin = Side::new(player(plain)?, player(metered)?);
        let [plain, metered] = match &self.beside {
            Some([plain, metered]) => [plain, metered],
            None => [&plain.mapping, &metered.mapping],
        };
        let alone = |mapping| Player::alone(mapping, settings.mapping);
        let mut beside = Side::new(alone(plain)?, alone(metered)?);

        let rounds = Rounds::run(&mut plugin, &mut beside, batches, effort);
        let measured = rounds.batches(batches);
        let sample = singles(measured);
        for side in [&mut plugin, &mut beside] {
            side.measure_starts();
        }
        Side::measure_singles([&mut plugin, &mut beside], &sample, effort.time);
        for side in [&mut plugin, &mut beside] {
            side.measure_fuel(measured, &sample, effort.time);
        }
        let about = About { name: self.name(), kind: *kind, component_bytes: self.bytes, admission: self.admission };
        Ok(Report::new(about, &rounds, measured, [&plugin, &beside]))
    }

    /// Name and version.
    fn name(&self) -> String {
        let ready = &self.subject.plain;
        let description =
            ready.selector.as_ref().map_or_else(|| ready.mapping.description(), |selector| selector.description());
        format!("{} {}", description.name, description.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::DEFAULT_COMPONENT;

    #[test]
    fn the_default_mapping_is_as_fast_as_itself() {
        let admission = Admission::in_process();
        let limits = Limits::default();
        let bench = Bench::load([&admission; 2], &limits, DEFAULT_COMPONENT, Other::Default).unwrap();
        let event = || Event::read(br#"{"event_type":"a","user_id":"u"}"#).unwrap();
        let batches = [vec![event(), event()], vec![event()]];
        let settings = BenchSettings { plugin: "{}", mapping: "{}" };
        let report = bench.run(settings, &batches, Effort { rounds: 3, time: Duration::from_millis(500) }).unwrap();
        assert_eq!((report.events, report.batches, report.rounds, report.kind), (3, 2, 3, PluginKind::Mapping));
        assert!(report.ratio.p50 > 0.2 && report.ratio.p50 < 5.0, "{report:?}");
        assert_eq!(report.plugin.fuel, report.beside.fuel);
        assert!(report.plugin.fuel.p50 > 1000 && report.plugin.fuel_per_event > 1000 && report.plugin.memory_bytes > 0);
        assert!(report.plugin.faults == 0 && report.selector.is_none(), "{report:?}");
    }
}
