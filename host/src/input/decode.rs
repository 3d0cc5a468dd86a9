//! Undoing compression, by what the bytes are and not by what they are called.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

/// What the first bytes of an input say it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Plain,
    Gzip,
    Zip,
}

/// Reads ahead far enough to tell the form; nothing is consumed.
pub(super) fn form(reader: &mut impl BufRead) -> io::Result<Form> {
    let start = loop {
        match reader.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => break other?,
        }
    };
    Ok(match start {
        [0x1f, 0x8b, ..] => Form::Gzip,
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Form::Zip,
        _ => Form::Plain,
    })
}

/// The bytes of an input that is no archive, decompressed.
pub(super) fn plain_or_gzip<'a>(reader: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let mut reader = BufReader::with_capacity(64 * 1024, reader);
    match form(&mut reader)? {
        Form::Gzip => Ok(Box::new(MultiGzDecoder::new(reader))),
        Form::Plain | Form::Zip => Ok(Box::new(reader)),
    }
}
