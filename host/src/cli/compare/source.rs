//! Where the events come from.

use std::borrow::Cow;

use super::live::{self, Live};
use crate::cli::meter::Meter;
use crate::cli::reading::read_all;
use crate::input::{Input, Progress};
use crate::limits::Limits;
use crate::pipeline::Batch;

/// Files, or a running service.
pub(super) enum Source {
    Files(Vec<Input>),
    Service(Box<Live>),
}

/// What could not be read.
#[derive(Debug, Default)]
pub(super) struct Unread {
    /// Why an input ended early: code and message.
    pub(super) errors: Vec<(Cow<'static, str>, String)>,
    /// Events that a service left out, since they are damaged.
    pub(super) damaged: u64,
}

impl Source {
    pub(super) fn live(&self) -> Option<&Live> {
        match self {
            Self::Files(_) => None,
            Self::Service(live) => Some(live),
        }
    }

    pub(super) fn limits(&self) -> Limits {
        self.live().map_or_else(Limits::default, |live| live.limits().clone())
    }

    pub(super) fn meter(&self) -> Meter {
        match self {
            Self::Files(inputs) => Meter::start(inputs),
            Self::Service(_) => Meter::over(None),
        }
    }

    /// Reads all there is, in batches.
    pub(super) fn read(&self, limits: &Limits, progress: &Progress, hand_on: &mut dyn FnMut(Batch)) -> Unread {
        match self {
            Self::Files(inputs) => {
                let errors = read_all(inputs, limits, progress, hand_on);
                let errors = errors.iter().map(|error| (Cow::from(error.code()), error.to_string())).collect();
                Unread { errors, damaged: 0 }
            }
            Self::Service(live) => {
                let live::Read { damaged, failure } = live.read(progress, hand_on);
                let errors = failure.into_iter().map(|failure| (failure.code, failure.message)).collect();
                Unread { errors, damaged }
            }
        }
    }

    /// Why there may be nothing to compare.
    pub(super) fn nothing(&self) -> String {
        self.live().map_or_else(|| "there was no event to compare".to_owned(), Live::nothing)
    }
}
