//! Which compiler there is for C to WebAssembly.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::authoring::build::BuildError;

/// The newest clang that is asked for by its version, and the oldest that is known to do.
const CLANG: (u32, u32) = (30, 14);

/// Names a folder of the WASI SDK, as its own documentation has it.
const SDK: &str = "WASI_SDK_PATH";

/// Where Debian's wasi-libc lies.
const LIBC: &str = "/usr/lib/wasm32-wasi/libc.a";

/// A compiler that can build for WASI.
pub(super) struct Compiler {
    /// For people to read.
    pub(super) name: String,
    pub(super) program: PathBuf,
    /// What makes it build for WASI.
    pub(super) arguments: Vec<String>,
}

impl Compiler {
    /// The WASI SDK if it is named, else a clang with the system's wasi-libc, else zig.
    pub(super) fn find() -> Result<Self, BuildError> {
        if let Some(sdk) = env::var_os(SDK).filter(|path| !path.is_empty()) {
            return Self::of_sdk(Path::new(&sdk));
        }
        let clang = clangs().find_map(|name| on_path(&name));
        if let (Some(clang), true) = (&clang, Path::new(LIBC).is_file()) {
            return Ok(Self::clang(clang));
        }
        Self::zig().ok_or_else(|| missing(clang.as_deref()))
    }

    fn clang(program: &Path) -> Self {
        Self {
            name: file_name(program),
            program: program.to_path_buf(),
            arguments: vec!["--target=wasm32-wasi".into()],
        }
    }

    fn of_sdk(sdk: &Path) -> Result<Self, BuildError> {
        let program = sdk.join("bin/clang").with_extension(env::consts::EXE_EXTENSION);
        if program.is_file() {
            return Ok(Self::clang(&program));
        }
        Err(BuildError::MissingTool {
            what: format!("{SDK} is {}, and there is no bin/clang in it", sdk.display()),
            install: "let it name a WASI SDK, or unset it to use the clang on PATH".to_owned(),
        })
    }

    /// zig brings its own libc.
    fn zig() -> Option<Self> {
        let arguments = ["cc", "-target", "wasm32-wasi"].map(String::from);
        if let Some(program) = on_path("zig") {
            return Some(Self { name: "zig cc".to_owned(), program, arguments: arguments.into() });
        }
        let program = on_path("python3")?;
        let mut ask = Command::new(&program);
        let asked = ask.args(["-c", "import ziglang"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let has_zig = asked.status().is_ok_and(|status| status.success());
        let arguments = ["-m", "ziglang"].map(String::from).into_iter().chain(arguments).collect();
        has_zig.then_some(Self { name: "zig cc of Python's ziglang".to_owned(), program, arguments })
    }
}

fn missing(clang: Option<&Path>) -> BuildError {
    let what = match clang {
        Some(clang) => {
            format!("there is no libc for WebAssembly at {LIBC}, which {} needs to build plugins in C", clang.display())
        }
        None => "there is no clang, which builds plugins in C".to_owned(),
    };
    BuildError::MissingTool {
        what,
        install: format!(
            "any one of these is enough:\n\
             - apt-get install --no-install-recommends clang-14 lld-14 wasi-libc libclang-rt-14-dev-wasm32   (Debian)\n\
             - {SDK}=/path/to/wasi-sdk   (any system: https://github.com/WebAssembly/wasi-sdk)\n\
             - pip install ziglang   (any system)"
        ),
    }
}

/// Names of clang: the plain one, then the newest first.
fn clangs() -> impl Iterator<Item = String> {
    let (newest, oldest) = CLANG;
    let versions = (oldest..=newest).rev().map(|version| format!("clang-{version}"));
    ["clang".to_owned()].into_iter().chain(versions)
}

fn on_path(name: &str) -> Option<PathBuf> {
    let name = format!("{name}{}", env::consts::EXE_SUFFIX);
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(&name)).find(|file| file.is_file())
}

fn file_name(program: &Path) -> String {
    program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned()
}
