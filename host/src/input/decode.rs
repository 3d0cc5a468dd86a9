//! Undoing compression, by what the bytes are and not by what they are called.

use std::io::{self, BufReader, Cursor, Read};

use flate2::bufread::MultiGzDecoder;

/// What the first bytes of an input say it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Plain,
    Gzip,
    Zip,
}

/// How many bytes tell the form.
const TELLING: u64 = 4;

/// Reads far enough to tell the form, however small the pieces are in which the bytes come; gives
/// a reader of everything, what was read included.
pub(super) fn form<R: Read>(mut reader: R) -> io::Result<(Form, impl Read)> {
    let mut start = Vec::new();
    reader.by_ref().take(TELLING).read_to_end(&mut start)?;
    let form = match start.as_slice() {
        [0x1f, 0x8b, ..] => Form::Gzip,
        [b'P', b'K', 3, 4] | [b'P', b'K', 5, 6] => Form::Zip,
        _ => Form::Plain,
    };
    Ok((form, Cursor::new(start).chain(reader)))
}

/// The bytes of an input that is no archive, decompressed.
pub(super) fn plain_or_gzip<'a>(reader: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let (form, reader) = form(reader)?;
    let reader = BufReader::with_capacity(64 * 1024, reader);
    match form {
        Form::Gzip => Ok(Box::new(MultiGzDecoder::new(reader))),
        Form::Plain | Form::Zip => Ok(Box::new(reader)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pipe that gives a byte at a time.
    struct Dripping<'a>(&'a [u8]);

    impl Read for Dripping<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = buffer.len().min(1);
            self.0.read(&mut buffer[..count])
        }
    }

    #[test]
    fn the_form_is_told_in_whatever_pieces_it_comes() {
        let cases: [(&[u8], Form); 7] = [
            (b"", Form::Plain),
            (b"{}", Form::Plain),
            (b"\x1f", Form::Plain),
            (b"\x1f\x8b", Form::Gzip),
            (b"\x1f\x8b\x08\x00\x00", Form::Gzip),
            (b"PK\x03\x04...", Form::Zip),
            (b"PK\x05\x06", Form::Zip),
        ];
        for (bytes, expected) in cases {
            let (found, mut reader) = form(Dripping(bytes)).unwrap();
            let mut all = Vec::new();
            reader.read_to_end(&mut all).unwrap();
            assert_eq!((found, all.as_slice()), (expected, bytes));
        }
    }
}
