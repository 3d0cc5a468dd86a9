//! The templates in Python.

use super::{File, Template, World};

const SHARED: &[File] = &[
    ("requirements.txt", include_str!("../../../templates/python/requirements.txt")),
    ("src/accoil.py", include_str!("../../../templates/python/accoil.py")),
];

const SELECTOR: &[File] = &[
    ("src/rule.py", include_str!("../../../templates/python/group-selector/rule.py")),
    ("src/answers.py", include_str!("../../../templates/python/group-selector/answers.py")),
    ("src/plugin.py", include_str!("../../../templates/python/group-selector/plugin.py")),
    ("src/settings.schema.json", include_str!("../../../templates/common/group-selector/settings.schema.json")),
];

const MAPPING: &[File] = &[
    ("src/rule.py", include_str!("../../../templates/python/mapping/rule.py")),
    ("src/answers.py", include_str!("../../../templates/python/mapping/answers.py")),
    ("src/plugin.py", include_str!("../../../templates/python/mapping/plugin.py")),
    ("src/settings.schema.json", include_str!("../../../templates/common/mapping/settings.schema.json")),
];

const TOOLS: &str = "\
Building needs Python 3.10 or later with venv (Debian: `apt-get install python3 python3-venv`); the first build installs
what `requirements.txt` names into `.venv`. Packages in pure Python can be added there. Import at the top of a file: modules
are loaded when the plugin is built, and later there are no files (`datetime.strptime` needs `import _strptime`). What is
raised is a fault of that event. The order of sets and what `hash` says of strings change from build to build: sort.";

pub(super) fn template(world: World) -> Template {
    let own = match world {
        World::GroupSelector => SELECTOR,
        World::Mapping => MAPPING,
    };
    let ignored = "/.venv\n/target\n__pycache__/\n";
    Template { files: [SHARED, own].concat(), source: "src/rule.py", tools: TOOLS.to_owned(), ignored }
}
