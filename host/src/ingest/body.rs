//! Bodies: read within limits, decompressed within limits, and read to their end when refused.

use std::future::poll_fn;
use std::io::Read;
use std::pin::Pin;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use flate2::read::MultiGzDecoder;
use http::{HeaderMap, header};
use tokio::time::timeout;

use super::budget::Held;
use super::refusal::{Reason, Refusal};

/// Most bytes that are read of a body that was refused already.
const DISCARD_BYTES: usize = 64 * 1024 * 1024;

/// A body on its way.
#[derive(Debug)]
pub(super) struct Source {
    body: Body,
    /// The sender waits with the body until it is asked for.
    is_held_back: bool,
}

/// How long a body may come no further.
const STALL: Duration = Duration::from_secs(5);

impl Source {
    pub(super) fn new(body: Body, headers: &HeaderMap) -> Self {
        Self { body, is_held_back: headers.contains_key(header::EXPECT) }
    }

    async fn next(&mut self) -> Option<Result<Bytes, ()>> {
        self.is_held_back = false;
        let frame = poll_fn(|context| Pin::new(&mut self.body).poll_frame(context)).await?;
        // Trailers are of no interest.
        Some(frame.map(|frame| frame.into_data().unwrap_or_default()).map_err(|_| ()))
    }
}

/// How a body is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Identity,
    Gzip,
}

impl Encoding {
    /// That of `Content-Encoding`.
    ///
    /// # Errors
    /// [`Reason::Unsupported`] for any but `gzip` and `identity`, and for several at once.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let mut found = headers.get_all(header::CONTENT_ENCODING).iter();
        let name = found.next().map_or(b"".as_slice(), |value| value.as_bytes()).trim_ascii();
        let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
        match found.next() {
            None if name.is_empty() || is("identity") => Ok(Self::Identity),
            None if is("gzip") || is("x-gzip") => Ok(Self::Gzip),
            _ => Err(Refusal::new(Reason::Unsupported, "Content-Encoding must be gzip or identity")),
        }
    }
}

/// Reads a body of at most `limit` bytes, as it came. What it takes is counted in `held`.
///
/// # Errors
/// When it is too large, does not come in time or is cut, or too much is being read already.
pub(super) async fn read(
    source: &mut Source,
    limit: usize,
    within: Duration,
    held: &mut Held,
) -> Result<Vec<u8>, Refusal> {
    if usize::try_from(source.body.size_hint().lower()).is_ok_and(|length| length > limit) {
        return Err(Refusal::too_large());
    }
    let late = |_| Refusal::new(Reason::BodyLate, "The body did not come in time");
    timeout(within, read_frames(source, limit, held)).await.map_err(late)?
}

async fn read_frames(source: &mut Source, limit: usize, held: &mut Held) -> Result<Vec<u8>, Refusal> {
    let mut read = Vec::new();
    let stalled = |_| Refusal::new(Reason::BodyLate, "The body did not come in time");
    // A body that comes no further must not keep what it holds from others.
    while let Some(data) = timeout(STALL, source.next()).await.map_err(stalled)? {
        let data = data.map_err(|()| Refusal::new(Reason::BodyCut, "The body ended too early"))?;
        if read.len() + data.len() > limit {
            return Err(Refusal::too_large());
        }
        if !held.grow(data.len()) {
            return Err(Refusal::busy());
        }
        read.extend_from_slice(&data);
    }
    Ok(read)
}

/// Whether a body says that it is no larger than this.
pub(super) fn is_small(source: &Source, limit: usize) -> bool {
    source.body.size_hint().exact().is_some_and(|length| length <= limit as u64)
}

/// Reads what is left of a body and forgets it. A connection that is closed while its client still
/// sends is reset, and then the client never sees the answer; its events would be lost.
pub(super) async fn discard(source: &mut Source, within: Duration) {
    // Who waits to be asked for the body need not send it now.
    if source.body.is_end_stream() || source.is_held_back {
        return;
    }
    let rest = async {
        let mut left = DISCARD_BYTES;
        while let Some(Ok(data)) = source.next().await {
            match left.checked_sub(data.len()) {
                Some(rest) => left = rest,
                None => break,
            }
        }
    };
    let _: Result<(), _> = timeout(within, rest).await;
}

/// The text of a body.
///
/// # Errors
/// When it is no gzip or no UTF-8, or larger than `limit` when decompressed; of a gzip bomb no more
/// than `limit` bytes are ever made.
pub(super) fn decode(body: Vec<u8>, encoding: Encoding, limit: usize) -> Result<String, Refusal> {
    let bytes = match encoding {
        Encoding::Identity => body,
        Encoding::Gzip => gunzip(&body, limit)?,
    };
    String::from_utf8(bytes).map_err(|_| Refusal::new(Reason::InvalidBody, "Invalid body: it is no UTF-8 text"))
}

fn gunzip(body: &[u8], limit: usize) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    // One byte more tells a body of just the limit from one that goes on.
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(body).take(most).read_to_end(&mut bytes).map_err(|_| {
        Refusal::new(Reason::InvalidBody, "Invalid body: it is no gzip, though Content-Encoding says so")
    })?;
    if bytes.len() > limit { Err(Refusal::too_large()) } else { Ok(bytes) }
}
