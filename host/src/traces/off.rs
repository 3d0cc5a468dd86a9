//! Traces of a build without them.

use std::borrow::Cow;
use std::time::Duration;

use super::{Exporting, Kind, Value};

/// A span: there is none.
#[derive(Debug)]
pub enum Span {}

impl Span {
    /// Begins something that has its own trace: nothing.
    #[inline]
    pub fn root(_: Kind, _: impl FnOnce() -> Cow<'static, str>) -> Option<Self> {
        None
    }

    /// Begins something within this span.
    pub fn child(&self, _: Kind, _: impl Into<Cow<'static, str>>) -> Option<Self> {
        match *self {}
    }

    /// Sets an attribute.
    pub fn set(&mut self, _: &'static str, _: impl Into<Value>) {
        match *self {}
    }

    /// Says that it failed, with a code.
    pub fn fail(&mut self, _: impl Into<Value>) {
        match *self {}
    }
}

/// The sending of spans: there is none.
#[derive(Debug)]
pub enum Traces {}

impl Traces {
    /// Starts nothing: a configuration that asks for it is refused before.
    pub fn start(_: Exporting) -> Option<Self> {
        None
    }

    /// Sends what is left.
    pub async fn shut(self, _: Duration) {
        match self {}
    }
}
