//! One run of the cases, and what is kept for the next one.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::Arguments;
use super::show::Show;
use crate::admission::Admission;
use crate::authoring::cases::{self, Case, CaseError, Report};
use crate::authoring::{Place, Subject, on_guest_stack};
use crate::cli::authoring::rules::{self, Rules};
use crate::cli::{Exit, Failure, complain, mapping};
use crate::sandbox::PluginKind;

/// What the runs of a command share.
pub(super) struct Session {
    place: Place,
    rules: Rules,
    admission: Admission,
    options: Options,
    /// The components of the last run, and what they were compiled to.
    loaded: Mutex<Option<(Components, Arc<Subject>)>>,
}

/// What was asked for.
struct Options {
    mapping: Option<PathBuf>,
    update: bool,
    usage: bool,
    junit: Option<PathBuf>,
}

#[derive(Clone, PartialEq, Eq)]
struct Components {
    plugin: Vec<u8>,
    mapping: Option<Vec<u8>>,
}

impl Session {
    pub(super) fn new(arguments: &Arguments) -> Result<Self, Failure> {
        let mut place = Place::of(&arguments.plugin).map_err(|error| Failure::new(Exit::Usage, error.code(), error))?;
        if let Some(cases) = &arguments.cases {
            place.cases.clone_from(cases);
        }
        let rules = arguments.options.rules()?;
        let options = Options {
            mapping: arguments.mapping.clone(),
            update: arguments.update,
            usage: arguments.usage,
            junit: arguments.junit.clone(),
        };
        Ok(Self { place, admission: rules::admission(&rules.admission), rules, options, loaded: Mutex::new(None) })
    }

    /// The files that a run depends on, as far as they are there.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        let mut files = cases::files(&self.place.cases).unwrap_or_default();
        files.push(self.place.component.clone());
        files.extend(self.options.mapping.clone());
        files
    }

    /// Runs all cases and prints what came of it.
    pub(super) fn once(&self) -> Result<Exit, Failure> {
        let components = self.components()?;
        let (cases, errors) = self.cases()?;
        let subject = self.subject(components)?;
        let ran = on_guest_stack(&self.rules.limits, || self.run_all(&subject, &cases));
        let reports = ran.map_err(|error| Failure::new(Exit::Output, "threads", error))??;
        errors.iter().for_each(|error| complain(error.code(), &error.to_string()));
        let passed = reports.iter().filter(|report| report.passed()).count();
        Show::new(self.options.usage).summary(passed, reports.len() - passed, errors.len())?;
        if let Some(file) = &self.options.junit {
            let xml = cases::junit(&self.place.name, &reports, &errors);
            std::fs::write(file, xml).map_err(|error| unwritten(file, &error))?;
        }
        Ok(match (errors.is_empty(), passed == reports.len()) {
            (false, _) => Exit::Usage,
            (true, false) => Exit::Incomplete,
            (true, true) => Exit::Success,
        })
    }

    fn cases(&self) -> Result<(Vec<Case>, Vec<CaseError>), Failure> {
        let folder = self.place.cases.display();
        let files = cases::files(&self.place.cases);
        let files = files.map_err(|error| Failure::new(Exit::Usage, "cases-missing", format!("{folder}: {error}")))?;
        if files.is_empty() {
            return Err(Failure::new(Exit::Usage, "cases-missing", format!("{folder}: there is no case: no *.json")));
        }
        let (mut cases, mut errors) = (Vec::new(), Vec::new());
        for file in files {
            match Case::read(&file) {
                Ok(case) => cases.push(case),
                Err(error) => errors.push(error),
            }
        }
        Ok((cases, errors))
    }

    fn run_all(&self, subject: &Subject, cases: &[Case]) -> Result<Vec<Report>, Failure> {
        let show = Show::new(self.options.usage);
        let mut reports = Vec::with_capacity(cases.len());
        for case in cases {
            let mut report = cases::run(subject, case, self.rules.admission.fuel_per_event);
            let mut is_written = false;
            if self.options.update && report.is_stable() {
                is_written = cases::update(case, &report.outcomes).map_err(|error| unwritten(&case.file, &error))?;
                report.accept();
            }
            show.case(&report, is_written)?;
            reports.push(report);
        }
        Ok(reports)
    }

    /// The plugin, compiled anew if it is another one than in the last run.
    fn subject(&self, components: Components) -> Result<Arc<Subject>, Failure> {
        let limits = &self.rules.limits;
        let loaded = self.loaded.lock().ok();
        if let Some((_, subject)) = loaded.as_deref().and_then(Option::as_ref).filter(|(last, _)| *last == components) {
            return Ok(Arc::clone(subject));
        }
        let other = rules::other(components.mapping.as_ref());
        let subject = Subject::load(&self.admission, limits, &components.plugin, other);
        let subject = Arc::new(
            subject.map_err(|error| rules::refused(&self.place.component, self.options.mapping.as_deref(), &error))?,
        );
        if subject.kind() == PluginKind::Mapping && components.mapping.is_some() {
            let problem = format!("{}: it is a mapping; --mapping is for selectors", self.place.component.display());
            return Err(Failure::new(Exit::Usage, "mapping-beside-mapping", problem));
        }
        if let Some(mut loaded) = loaded {
            *loaded = Some((components, Arc::clone(&subject)));
        }
        Ok(subject)
    }

    fn components(&self) -> Result<Components, Failure> {
        let mapping = rules::read_mapping(self.options.mapping.as_deref(), &self.rules.limits)?;
        Ok(Components { plugin: self.component()?, mapping })
    }

    fn component(&self) -> Result<Vec<u8>, Failure> {
        let Place { component, folder, .. } = &self.place;
        let is_missing = || std::fs::metadata(component).is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
        if let Some(folder) = folder.as_ref().filter(|_| is_missing()) {
            let (component, folder) = (component.display(), folder.display());
            let problem = format!("{component} is not there; build it first: accoil-stream build {folder}");
            return Err(Failure::new(Exit::Refused, "component-missing", problem));
        }
        mapping::read_component(component, &self.rules.limits)
    }
}

fn unwritten(file: &Path, error: &io::Error) -> Failure {
    Failure::new(Exit::Output, "output-write", format!("{}: {error}", file.display()))
}
