use std::os::unix::fs::PermissionsExt;
use std::sync::LazyLock;

use super::*;
use crate::limits::Limits;
use crate::sandbox::{DEFAULT_COMPONENT, Mapping, Metering};

static SANDBOX: LazyLock<Sandbox> = LazyLock::new(|| Sandbox::new(&Limits::default(), Metering::Off).unwrap());
static MAPPING: LazyLock<Mapping> = LazyLock::new(|| SANDBOX.admit(DEFAULT_COMPONENT).unwrap());

/// A folder in which the default mapping is kept, and under which name.
fn kept() -> (tempfile::TempDir, Cache, Key, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::new(&folder.path().join("compiled"), 1 << 30);
    let key = Key::new(&SANDBOX, DEFAULT_COMPONENT);
    cache.keep(&key, MAPPING.about(), &MAPPING.code().unwrap());
    let path = cache.path(&key);
    (folder, cache, key, path)
}

fn load(cache: &Cache, key: &Key) -> Option<Mapping> {
    cache.load(&SANDBOX, key)
}

#[test]
fn what_is_kept_is_loaded() {
    let (_folder, cache, key, path) = kept();
    assert_eq!(fs::metadata(cache.folder.as_path()).unwrap().mode() & 0o777, 0o700);
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    let mapping = load(&cache, &key).unwrap();
    assert_eq!(mapping.inspection(), MAPPING.inspection());
    let settings = mapping.settings("{}").unwrap();
    let event = crate::event::Event::read(br#"{"event_type":"Opened","user_id":"u"}"#).unwrap();
    assert_eq!(mapping.run(&settings, std::slice::from_ref(&event)), MAPPING.run(&settings, &[event]));
}

#[test]
fn other_limits_and_other_metering_are_other_code() {
    let key = Key::new(&SANDBOX, DEFAULT_COMPONENT);
    let limits = Limits { functions: 1, ..Limits::default() };
    for (limits, metering) in [(limits, Metering::Off), (Limits::default(), Metering::Fuel)] {
        assert_ne!(key, Key::new(&Sandbox::new(&limits, metering).unwrap(), DEFAULT_COMPONENT));
    }
    assert_eq!(key, Key::new(&Sandbox::new(&Limits::default(), Metering::Off).unwrap(), DEFAULT_COMPONENT));
}

#[test]
fn damage_is_seen_and_removed() {
    let (_folder, cache, key, path) = kept();
    let whole = fs::read(&path).unwrap();
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let of_another = {
        let (_folder, cache, ..) = kept();
        let other = Key("other".to_owned());
        cache.keep(&other, MAPPING.about(), &MAPPING.code().unwrap());
        fs::read(cache.path(&other)).unwrap()
    };
    for bytes in [&whole[..whole.len() / 2], &[], b"text", &flipped, &of_another] {
        fs::write(&path, bytes).unwrap();
        assert!(load(&cache, &key).is_none());
        assert!(!path.exists());
    }
    fs::write(&path, whole).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(load(&cache, &key).is_some());
}

#[test]
fn what_others_could_have_written_is_not_believed() {
    let (folder, cache, key, path) = kept();
    let aside = folder.path().join("aside");
    fs::rename(&path, &aside).unwrap();
    std::os::unix::fs::symlink(&aside, &path).unwrap();
    assert!(load(&cache, &key).is_none(), "a link");
    fs::rename(&aside, &path).unwrap();
    fs::set_permissions(&cache.folder, fs::Permissions::from_mode(0o777)).unwrap();
    assert!(load(&cache, &key).is_none(), "a folder that others can write to");
    fs::set_permissions(&cache.folder, fs::Permissions::from_mode(0o700)).unwrap();
    let (.., key, path) = (folder, key, path);
    cache.keep(&key, MAPPING.about(), &MAPPING.code().unwrap());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    assert!(load(&cache, &key).is_none(), "a file that others can write to");
}

#[test]
fn what_was_not_used_for_longest_goes_first() {
    let (_folder, cache, key, path) = kept();
    let size = fs::metadata(&path).unwrap().len();
    let cache = Cache { most_bytes: size * 5 / 2, ..cache };
    let code = MAPPING.code().unwrap();
    let others = ["b", "c"].map(|name| Key(name.to_owned()));
    cache.keep(&others[0], MAPPING.about(), &code);
    let long_ago = SystemTime::now() - Duration::from_secs(1000);
    File::options().write(true).open(cache.path(&others[0])).unwrap().set_modified(long_ago).unwrap();
    File::options().write(true).open(&path).unwrap().set_modified(long_ago - Duration::from_secs(1000)).unwrap();
    assert!(load(&cache, &key).is_some(), "used just now");
    cache.keep(&others[1], MAPPING.about(), &code);
    assert!(path.exists() && !cache.path(&others[0]).exists() && cache.path(&others[1]).exists());
}

#[test]
fn a_folder_that_cannot_be_used_costs_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let cache = Cache::new(&folder.path().join("file"), 1 << 30);
    let key = Key::new(&SANDBOX, DEFAULT_COMPONENT);
    cache.keep(&key, MAPPING.about(), &MAPPING.code().unwrap());
    assert!(load(&cache, &key).is_none());
}
