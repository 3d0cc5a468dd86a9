//! What parent and child say to each other: blocks, each with its length before it.
//!
//! Neither side trusts the other: a length is looked at before anything is read or kept.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

use super::trial::Tried;
use crate::limits::Limits;
use crate::sandbox::{About, OnFault, PluginKind, Refusal};

/// Most bytes of a block that holds JSON.
const JSON_BYTES: usize = 4 << 20;

/// Most events of a request.
const EVENTS: usize = 20_000;

/// Most bytes of code: far more than any component that may be taken in compiles to.
pub(super) const CODE_BYTES: usize = 1 << 30;

/// Most bytes of an answer.
pub(super) const ANSWER_BYTES: usize = CODE_BYTES + JSON_BYTES + 2 * HEAD_BYTES;

const HEAD_BYTES: usize = size_of::<u64>();

/// What came is not what was agreed on.
#[derive(Debug, thiserror::Error)]
pub(super) enum WireError {
    #[error("it ends early: {0}")]
    Read(#[from] io::Error),
    #[error("{what} of {size} bytes, more than {most}")]
    TooLong { what: &'static str, size: u64, most: usize },
    #[error("{what}: {problem}")]
    Unreadable { what: &'static str, problem: String },
    #[error("there is more after its end")]
    More,
}

/// What the child is to do.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Task {
    pub(super) limits: Limits,
    pub(super) is_metered: bool,
    /// Whether the code is sent back.
    pub(super) wants_code: bool,
    /// Which world the component is of.
    pub(super) kind: PluginKind,
    /// The settings of a trial; without them there is none.
    pub(super) settings: Option<String>,
    /// The selector that the mapping is tried with.
    pub(super) selector: Option<SelectorTask>,
}

/// How a mapping is tried with a selector.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SelectorTask {
    pub(super) settings: String,
    pub(super) on_fault: OnFault,
}

/// A component for the child.
pub(super) struct Request<'a> {
    pub(super) task: Task,
    pub(super) component: &'a [u8],
    /// The selector to try it with; empty when there is none.
    pub(super) selector: &'a [u8],
    /// Texts of events to try it on, beside the built-in ones.
    pub(super) events: Vec<String>,
}

/// The same, as it arrives.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) task: Task,
    pub(super) component: Vec<u8>,
    pub(super) selector: Vec<u8>,
    pub(super) events: Vec<String>,
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Verdict {
    /// It can run here.
    Admitted { about: Box<About>, selector: Option<Box<About>>, trial: Option<Tried> },
    /// It can't.
    Refused(Refusal),
    /// The selector that it was to be tried with can't.
    SelectorRefused(Refusal),
    /// The child could not do its work.
    Unable(String),
}

/// What the child sends back.
#[derive(Debug)]
pub(super) struct Answer {
    /// Compiled code; only with [`Verdict::Admitted`], and only when it was wanted.
    pub(super) code: Option<Vec<u8>>,
    pub(super) verdict: Verdict,
}

impl Request<'_> {
    pub(super) fn to_bytes(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(self.component.len() + self.selector.len() + JSON_BYTES / 64);
        write_block(&mut bytes, &serde_json::to_vec(&self.task)?)?;
        write_block(&mut bytes, self.component)?;
        write_block(&mut bytes, self.selector)?;
        self.events.iter().try_for_each(|event| write_block(&mut bytes, event.as_bytes()))?;
        Ok(bytes)
    }
}

impl Received {
    pub(super) fn read(input: &mut impl Read) -> Result<Self, WireError> {
        let task: Task = json("a task", &block(input, "a task", JSON_BYTES)?)?;
        let component = block(input, "a component", task.limits.component_bytes)?;
        let selector = block(input, "a selector", task.limits.component_bytes)?;
        let mut events = Vec::new();
        while let Some(event) = block_or_end(input, "an event", task.limits.event_bytes)? {
            if events.len() >= EVENTS {
                return Err(WireError::More);
            }
            events.push(String::from_utf8(event).map_err(|error| unreadable("an event", &error))?);
        }
        Ok(Self { task, component, selector, events })
    }
}

impl Answer {
    /// Reads what [`write_code`] and [`write_verdict`] wrote.
    pub(super) fn read(mut input: &[u8]) -> Result<Self, WireError> {
        let code = block(&mut input, "code", CODE_BYTES)?;
        let verdict = json("a verdict", &block(&mut input, "a verdict", JSON_BYTES)?)?;
        if !input.is_empty() {
            return Err(WireError::More);
        }
        Ok(Self { code: (!code.is_empty()).then_some(code), verdict })
    }
}

/// The first part of an answer; empty when there is no code.
pub(super) fn write_code(out: &mut impl Write, code: &[u8]) -> io::Result<()> {
    write_block(out, code)?;
    out.flush()
}

/// The second part of an answer. A component that says too much about itself is refused.
pub(super) fn write_verdict(out: &mut impl Write, verdict: &Verdict) -> io::Result<()> {
    let mut json = serde_json::to_vec(verdict)?;
    if json.len() > JSON_BYTES {
        let problem = format!("what it says about itself is longer than {JSON_BYTES} bytes");
        json = serde_json::to_vec(&Verdict::Refused(Refusal::Contract(problem)))?;
    }
    write_block(out, &json)?;
    out.flush()
}

fn write_block(out: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    out.write_all(&(bytes.len() as u64).to_le_bytes())?;
    out.write_all(bytes)
}

fn block(input: &mut impl Read, what: &'static str, most: usize) -> Result<Vec<u8>, WireError> {
    block_or_end(input, what, most)?.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof).into())
}

/// The next block; `None` when there is nothing after the one before.
fn block_or_end(input: &mut impl Read, what: &'static str, most: usize) -> Result<Option<Vec<u8>>, WireError> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    input.take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    let Ok(head) = <[u8; HEAD_BYTES]>::try_from(head.as_slice()) else {
        return if head.is_empty() { Ok(None) } else { Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()) };
    };
    let size = u64::from_le_bytes(head);
    if size > most as u64 {
        return Err(WireError::TooLong { what, size, most });
    }
    let mut bytes = Vec::new();
    // Grows with what comes, not with what is announced.
    input.take(size).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == size { Ok(Some(bytes)) } else { Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()) }
}

fn json<T: for<'a> Deserialize<'a>>(what: &'static str, bytes: &[u8]) -> Result<T, WireError> {
    serde_json::from_slice(bytes).map_err(|error| unreadable(what, &error))
}

fn unreadable(what: &'static str, error: &dyn std::fmt::Display) -> WireError {
    WireError::Unreadable { what, problem: error.to_string() }
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
