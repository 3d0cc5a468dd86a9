//! Components that nobody wrote: made by wasm-smith, or by wasm-mutate of one that somebody did.

use std::sync::LazyLock;

use arbitrary::{Result, Unstructured};
use wasm_smith::{Component, Config, Module};

/// The section of a component that holds a core module.
const CORE_MODULE: u8 = 1;

/// The usual guest of the tests of the sandbox: a component of the world `mapping-component`, by hand.
static TEMPLATE: LazyLock<Vec<u8>> = LazyLock::new(|| component_around(""));

/// Its core module.
#[cfg(feature = "mutate")]
static GUEST: LazyLock<Vec<u8>> = LazyLock::new(|| {
    sections(&TEMPLATE).find(|(id, _)| *id == CORE_MODULE).map(|(_, body)| body.to_vec()).expect("it has one")
});

/// What a core module must export to be a mapping.
static EXPORTS: LazyLock<Vec<u8>> = LazyLock::new(|| {
    assembled(
        r#"(module
          (memory (export "memory") 1)
          (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
          (func (export "describe") (result i32) unreachable)
          (func (export "transform") (param i32 i32 i32 i32) (result i32) unreachable)
          (func (export "cabi_post_transform") (param i32)))"#,
    )
});

/// A component of bytes. The first of them says how it is made of the others:
///
/// - `s`: a core module with the exports of a mapping, and any code in them, inside a component of that world;
/// - `x`: any core module inside a component of that world;
/// - `c`: any component;
/// - `m`: the usual guest of the tests, changed, inside its component;
/// - `d`: the usual guest, which describes its settings by them for a schema;
/// - any other: all bytes are the file, which begins with none of these.
///
/// Nothing if that is not enough to make one.
#[must_use]
pub fn made(data: &[u8]) -> Option<Vec<u8>> {
    let (first, rest) = data.split_first()?;
    Some(match first {
        b's' => around(&smith(rest, true).ok()?),
        b'x' => around(&smith(rest, false).ok()?),
        b'c' => smith_component(rest).ok()?,
        b'm' => around(&mutated(rest)?),
        b'd' => described(rest),
        _ => data.to_vec(),
    })
}

/// Small enough to be compiled in milliseconds.
fn config(u: &mut Unstructured<'_>, exports: bool) -> Result<Config> {
    // Mostly what guests may use; sometimes all that there is.
    let all = u.ratio(1, 8)?;
    Ok(Config {
        exports: exports.then(|| EXPORTS.clone()),
        max_imports: if exports { 0 } else { 2 },
        max_funcs: 8,
        max_instructions: 60,
        max_types: 8,
        max_globals: 8,
        max_data_segments: 4,
        max_element_segments: 4,
        max_memories: 2,
        max_tables: 4,
        max_table_elements: 4000,
        exceptions_enabled: all,
        gc_enabled: all,
        memory64_enabled: all,
        relaxed_simd_enabled: all,
        tail_call_enabled: all,
        threads_enabled: all,
        // Without a promise of the answer's exact bits.
        canonicalize_nans: true,
        ..Config::default()
    })
}

fn smith(data: &[u8], exports: bool) -> Result<Vec<u8>> {
    let mut u = Unstructured::new(data);
    let config = config(&mut u, exports)?;
    let mut module = Module::new(config, &mut u)?;
    // Some loop, for deadlines; most end by themselves, for speed.
    if u.ratio(9, 10)? {
        let _ = module.ensure_termination(1000);
    }
    Ok(module.to_bytes())
}

fn smith_component(data: &[u8]) -> Result<Vec<u8>> {
    let mut u = Unstructured::new(data);
    let config = config(&mut u, false)?;
    Component::new(config, &mut u).map(|component| component.to_bytes())
}

/// As many changes as there are pieces of eight bytes, at most four.
#[cfg(feature = "mutate")]
fn mutated(data: &[u8]) -> Option<Vec<u8>> {
    use wasm_mutate::WasmMutate;

    let (preserve, seeds) = data.split_first()?;
    let mut module = GUEST.clone();
    for seed in seeds.as_chunks().0.iter().take(4) {
        let mut mutate = WasmMutate::default();
        mutate.seed(u64::from_le_bytes(*seed)).fuel(300).preserve_semantics(preserve % 2 == 0);
        let Ok(mut mutations) = mutate.run(&module) else { break };
        let Some(Ok(next)) = mutations.next() else { break };
        drop(mutations);
        module = next;
    }
    Some(module)
}

/// Nothing is made without the crate for it.
#[cfg(not(feature = "mutate"))]
fn mutated(_: &[u8]) -> Option<Vec<u8>> {
    None
}

fn described(schema: &[u8]) -> Vec<u8> {
    let text: String = schema.iter().map(|byte| format!("\\{byte:02x}")).collect();
    component_around(&format!(
        r#"(data (i32.const 64) "{text}")
        (func (export "describe") (result i32)
          (i32.store (i32.const 24) (i32.const 64)) (i32.store (i32.const 28) (i32.const {}))
          (i32.const 0))"#,
        schema.len()
    ))
}

/// The template around another core module.
fn around(module: &[u8]) -> Vec<u8> {
    let mut component = TEMPLATE.get(..8).unwrap_or_default().to_vec();
    for (id, body) in sections(&TEMPLATE) {
        let body = if id == CORE_MODULE { module } else { body };
        component.push(id);
        push_leb(&mut component, body.len());
        component.extend_from_slice(body);
    }
    component
}

/// The sections of a binary that is known to be sound: the number of each, and what is in it.
fn sections(binary: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = binary.get(8..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (id, mut after) = rest.split_first()?;
        let (mut size, mut shift) = (0_usize, 0);
        loop {
            let (byte, next) = after.split_first()?;
            after = next;
            size |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let (body, next) = after.split_at_checked(size)?;
        rest = next;
        Some((*id, body))
    })
}

fn push_leb(out: &mut Vec<u8>, mut number: usize) {
    loop {
        let byte = (number & 0x7f) as u8;
        number >>= 7;
        out.push(if number == 0 { byte } else { byte | 0x80 });
        if number == 0 {
            return;
        }
    }
}

/// A component of the world `mapping-component` around fields of a core module, as in the tests of the sandbox: what
/// the fields do not bring themselves is the usual.
pub(crate) fn component_around(fields: &str) -> Vec<u8> {
    macro_rules! usual {
        ($name:literal) => {
            include_str!(concat!("../../tests/sandbox/guests/usual/", $name, ".wat"))
        };
    }
    let usual = [
        ("(memory ", usual!("memory")),
        ("(func $alloc ", usual!("alloc")),
        ("\"cabi_realloc\"", usual!("realloc")),
        ("\"describe\"", usual!("describe")),
        ("\"transform\"", usual!("transform")),
        ("(func $on_event ", usual!("on_event")),
        ("(func $skip_with_id ", usual!("skip_with_id")),
        ("\"cabi_post_transform\"", usual!("post_return")),
    ];
    let missing = usual.iter().filter(|(own, _)| !fields.contains(own)).map(|(_, usual)| *usual);
    let guest: String = std::iter::once(fields).chain(missing).collect();
    let component = include_str!("../../tests/sandbox/guests/component.wat");
    assembled(&component.replace("{before}", "").replace("{with}", "").replace("{guest}", &guest))
}

fn assembled(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"))
}
