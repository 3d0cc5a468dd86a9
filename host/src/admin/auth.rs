//! The bearer token (RFC 6750), compared in constant time.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use http::HeaderMap;
use http::header::AUTHORIZATION;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::secret::Secret;

/// The file in the data folder that holds the token when none is configured.
const FILE: &str = "admin-token";

/// Bytes of chance in a token that is made here.
const CHANCE_BYTES: usize = 32;

/// The token, as a digest.
#[derive(Clone)]
pub struct Token([u8; 32]);

impl Token {
    /// A token that was configured.
    pub fn of(secret: &Secret) -> Self {
        Self(Sha256::digest(secret.expose().as_bytes()).into())
    }

    /// The token in the data folder, made when there is none. Only its owner can read the file.
    ///
    /// # Errors
    /// When the file can't be read or written.
    pub fn kept_in(folder: &Path) -> std::io::Result<Self> {
        let path = Self::file(folder);
        match std::fs::read_to_string(&path) {
            Ok(text) if !text.trim().is_empty() => return Ok(Self::of(&Secret::new(text.trim()))),
            Ok(_) => std::fs::remove_file(&path)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let mut chance = [0; CHANCE_BYTES];
        std::io::Read::read_exact(&mut std::fs::File::open("/dev/urandom")?, &mut chance)?;
        let text: String = chance.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        writeln!(file, "{text}")?;
        Ok(Self::of(&Secret::new(text)))
    }

    /// Where [`Token::kept_in`] keeps it.
    pub fn file(folder: &Path) -> PathBuf {
        folder.join(FILE)
    }

    /// Whether a request shows it. Digests are compared, so that neither the time nor the length
    /// tells anything.
    pub(super) fn is_shown_in(&self, headers: &HeaderMap) -> bool {
        let shown = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let shown =
            shown.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let digest: [u8; 32] = Sha256::digest(shown.map_or("", |(_, token)| token.trim()).as_bytes()).into();
        shown.is_some() & bool::from(digest.ct_eq(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(AUTHORIZATION, value.parse().unwrap())])
    }

    #[test]
    fn only_the_token_as_bearer_passes() {
        let token = Token::of(&Secret::new("right"));
        assert!(token.is_shown_in(&headers("Bearer right")) && token.is_shown_in(&headers("bearer  right")));
        for wrong in ["Bearer wrong", "Basic right", "right", "Bearer", "Bearer ", "Bearer right right"] {
            assert!(!token.is_shown_in(&headers(wrong)), "{wrong}");
        }
        assert!(!token.is_shown_in(&HeaderMap::new()));
    }

    #[test]
    fn a_token_is_made_once_and_only_its_owner_reads_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        Token::kept_in(folder.path()).unwrap();
        let path = Token::file(folder.path());
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(Token::kept_in(folder.path()).unwrap().is_shown_in(&headers(&format!("Bearer {}", text.trim()))));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(text.trim().len(), 64);
    }
}
