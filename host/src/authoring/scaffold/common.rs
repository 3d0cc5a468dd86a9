//! What every plugin's folder has, whatever the language.

use super::{Template, World};
use crate::authoring::{MANIFEST, Project};

/// The contract: the one file that all languages make their bindings from.
pub(super) const WIT: &str = include_str!("../../../../wit/event-stream.wit");

const SELECTOR_README: &str = include_str!("../../../templates/common/group-selector/README.md");
const MAPPING_README: &str = include_str!("../../../templates/common/mapping/README.md");

/// The files that all languages share.
pub(super) fn files(project: &Project, template: &Template) -> Vec<(&'static str, String)> {
    let Project { name, world, language, .. } = project;
    let manifest = format!("name = \"{name}\"\nworld = \"{}\"\nlanguage = \"{}\"\n", world.name(), language.name());
    let readme = match world {
        World::GroupSelector => SELECTOR_README,
        World::Mapping => MAPPING_README,
    };
    let readme = readme.replace("{{source}}", template.source).replace("{{tools}}", &template.tools);
    let mut files = vec![
        (MANIFEST, manifest),
        ("README.md", readme),
        (".gitignore", format!("*.wasm\n{}", template.ignored)),
        ("wit/event-stream.wit", WIT.to_owned()),
    ];
    files.extend(cases(*world).iter().map(|(path, text)| (*path, (*text).to_owned())));
    files
}

/// What the template's rule should do: the same in every language.
fn cases(world: World) -> &'static [super::File] {
    match world {
        World::GroupSelector => &[
            (
                "cases/paying-account-wins.json",
                include_str!("../../../templates/common/group-selector/cases/paying-account-wins.json"),
            ),
            ("cases/nobody-pays.json", include_str!("../../../templates/common/group-selector/cases/nobody-pays.json")),
            (
                "cases/another-trait.json",
                include_str!("../../../templates/common/group-selector/cases/another-trait.json"),
            ),
        ],
        World::Mapping => &[
            (
                "cases/user-and-account.json",
                include_str!("../../../templates/common/mapping/cases/user-and-account.json"),
            ),
            ("cases/skipped.json", include_str!("../../../templates/common/mapping/cases/skipped.json")),
            ("cases/settings.json", include_str!("../../../templates/common/mapping/cases/settings.json")),
        ],
    }
}
