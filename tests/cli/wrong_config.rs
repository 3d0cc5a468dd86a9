//! Mistakes in the configuration: named with file, line, key and what to do, and never with a value
//! that may be secret.

use super::support::*;

const GOOD: &str = r#"
[[tenants]]
name = "acme"
[tenants.accoil]
api_key = "file:key"
endpoint = "http://127.0.0.1:1"
allow_private_endpoint = true
[tenants.mapping]
component = "default"
"#;

#[test]
fn mistakes() {
    let folder = Folder::with(&[("events", events(&["e"]).as_bytes()), ("key", KEY.as_bytes())]);
    folder.write("text.wasm", "text");
    let mut told = String::new();
    for (from, to, exit) in [
        ("api_key", "apikey", 2),
        ("[tenants.mapping]", "[tenants.maping]", 2),
        ("[[tenants]]", "[[tenants]", 2),
        ("\"file:key\"", &format!("\"{KEY}\""), 2),
        ("\"file:key\"", "\"file:nothing\"", 2),
        ("\"file:key\"", "\"env:ACCOIL_STREAM_NO_SUCH_NAME\"", 2),
        ("http://127.0.0.1:1", &format!("http://{KEY}@127.0.0.1:1"), 2),
        ("allow_private_endpoint = true", "", 2),
        ("allow_private_endpoint = true", "allow_private_endpoint = \"yes\"", 2),
        ("http://127.0.0.1:1", "https://127.0.0.1:1\"\nca_file = \"none.pem", 2),
        ("component = \"default\"", "component = \"none.wasm\"", 3),
        ("component = \"default\"", "component = \"text.wasm\"", 3),
        ("component = \"default\"", "settings = { propertys = [] }", 3),
        ("[[tenants]]", "[limits]\nevent_size = 7\n[[tenants]]", 2),
        ("[[tenants]]", "[delivery]\nin_flight = 0\n[[tenants]]", 2),
    ] {
        folder.write("accoil.toml", GOOD.replacen(from, to, 1));
        let ran = folder.run(&["send", "events", "--config", "accoil.toml"]);
        assert_eq!((ran.exit, ran.out.as_str()), (exit, ""), "{to}: {}", ran.err);
        assert!(!ran.err.contains(KEY), "{}", ran.err);
        told.push_str(ran.err.lines().next().unwrap());
        told.push('\n');
    }
    insta::assert_snapshot!(told, @r#"
    error[config-unknown-key]: accoil.toml:5: unknown key tenants[0].accoil.apikey; did you mean api_key?
    error[config-unknown-key]: accoil.toml:8: unknown key tenants[0].maping; did you mean mapping?
    error[config-syntax]: accoil.toml:2: not valid toml: unclosed array table, expected `]`
    error[config-value]: accoil.toml:5: tenants[0].accoil.api_key: a secret is not written in the configuration; write where it is instead: "env:NAME" for an environment variable or "file:PATH" for a file
    error[config-value]: accoil.toml:5: tenants[0].accoil.api_key: secret file nothing cannot be opened (No such file or directory (os error 2)); check the path after "file:"
    error[config-value]: accoil.toml:5: tenants[0].accoil.api_key: environment variable ACCOIL_STREAM_NO_SUCH_NAME is not set; set it, or name another one as "env:NAME"
    error[endpoint-url]: accoil.toml: tenant acme: accoil: endpoint must not hold a user name or password; the key goes into api_key
    error[endpoint-url]: accoil.toml: tenant acme: accoil: endpoint is plain http, over which the key could be read; use https (http is for private endpoints with allow_private_endpoint = true)
    error[config-value]: accoil.toml:7: tenants[0].accoil.allow_private_endpoint: invalid type: string, expected a boolean
    error[ca-file]: accoil.toml: tenant acme: accoil: ca_file none.pem cannot be read (No such file or directory (os error 2)); it must hold certificates in pem form
    error[component-open]: none.wasm: No such file or directory (os error 2)
    error[component-not-wasm]: text.wasm: not WebAssembly: it does not begin with the bytes `\0asm`
    error[settings-invalid]: accoil.toml: tenant acme: mapping: settings at the top: Additional properties are not allowed ('propertys' was unexpected)
    error[config-unknown-key]: accoil.toml:3: unknown key limits.event_size; did you mean event_bytes?
    error[config-value]: accoil.toml:3: delivery.in_flight: invalid value: integer, expected a nonzero usize
    "#);
    assert!(!folder.has("failed.ndjson"));
}

#[test]
fn a_tenant_is_named_when_there_are_several() {
    let folder = Folder::with(&[("events", events(&["e"]).as_bytes()), ("key", KEY.as_bytes())]);
    folder.write("accoil.toml", format!("{GOOD}{}", GOOD.replace("acme", "other")));
    let run = |arguments: &[&str]| folder.run(&[&["send", "events", "--dry-run"], arguments].concat());
    let mut told = String::new();
    for arguments in
        [&["--config", "accoil.toml"][..], &["--config", "accoil.toml", "--tenant", "acne"], &["--config", "none.toml"]]
    {
        let ran = run(arguments);
        assert_eq!((ran.exit, ran.out.as_str()), (2, ""));
        told.push_str(&ran.err);
    }
    insta::assert_snapshot!(told, @r#"
    error[config-tenant]: accoil.toml: has several tenants, and none was chosen; tenants are: acme, other
    error[config-tenant]: accoil.toml: has no tenant "acne"; tenants are: acme, other
    error[config-read]: none.toml cannot be read (No such file or directory (os error 2)); check the path after --config
    "#);
    assert_eq!(run(&["--config", "accoil.toml", "--tenant", "other"]).exit, 0);
}
