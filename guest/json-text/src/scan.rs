//! Finding the interesting byte: eight bytes at a time, in safe code that is
//! as quick in WebAssembly as natively.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Marks (in the high bit of a byte) the bytes of `word` that are zero. Bytes
/// above the lowest marked one may be marked wrongly, so only the lowest counts.
const fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGH
}

/// Marks the bytes that end or interrupt plain string content: `"`, `\` and
/// control characters. As in [`zero_bytes`], only the lowest mark counts.
const fn special_bytes(word: u64) -> u64 {
    let quote = zero_bytes(word ^ (ONES * b'"' as u64));
    let backslash = zero_bytes(word ^ (ONES * b'\\' as u64));
    let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
    quote | backslash | control
}

/// The position at or after `from` of the first `"`, `\` or control character,
/// or the length of `bytes`.
#[inline]
pub(crate) fn find_special(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let marks = special_bytes(u64::from_le_bytes(*chunk));
        if marks != 0 {
            return at + (marks.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(&byte) = bytes.get(at) {
        if byte == b'"' || byte == b'\\' || byte < 0x20 {
            return at;
        }
        at += 1;
    }
    at
}

/// Whether JSON counts this byte as white space.
#[inline]
pub(crate) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

/// In checked text, the position after the string whose opening quote is at
/// `quote`, and whether it holds an escape.
#[inline]
pub(crate) fn after_string(bytes: &[u8], quote: usize) -> (usize, bool) {
    let mut at = quote + 1;
    let mut escaped = false;
    loop {
        at = find_special(bytes, at);
        match bytes.get(at) {
            Some(b'"') => return (at + 1, escaped),
            Some(b'\\') => {
                at += 2;
                escaped = true;
            }
            Some(_) => at += 1,
            None => return (bytes.len(), escaped),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_each_special_byte_at_every_offset() {
        for special in [b'"', b'\\', 0, 0x1f, b'\n'] {
            for offset in 0..40 {
                let mut bytes = vec![b'~'; 40];
                bytes[offset] = special;
                assert_eq!(find_special(&bytes, 0), offset);
                assert_eq!(find_special(&bytes, offset + 1), 40);
            }
        }
    }

    #[test]
    fn passes_over_bytes_that_only_look_special() {
        let plain = "é\u{80}\u{7f}!#[] \u{10ffff}".repeat(4);
        assert_eq!(find_special(plain.as_bytes(), 0), plain.len());
    }
}
