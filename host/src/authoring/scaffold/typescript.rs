//! The templates in TypeScript.

use super::{File, Template, World};

const SHARED: &[File] = &[
    ("package.json", include_str!("../../../templates/typescript/package.json")),
    ("package-lock.json", include_str!("../../../templates/typescript/package-lock.json")),
    ("tsconfig.json", include_str!("../../../templates/typescript/tsconfig.json")),
    ("src/accoil.ts", include_str!("../../../templates/typescript/accoil.ts")),
    ("src/contract.d.ts", include_str!("../../../templates/typescript/contract.d.ts")),
];

const SELECTOR: &[File] = &[
    ("src/rule.ts", include_str!("../../../templates/typescript/group-selector/rule.ts")),
    ("src/plugin.ts", include_str!("../../../templates/typescript/group-selector/plugin.ts")),
    ("src/settings.schema.json", include_str!("../../../templates/common/group-selector/settings.schema.json")),
];

const MAPPING: &[File] = &[
    ("src/rule.ts", include_str!("../../../templates/typescript/mapping/rule.ts")),
    ("src/plugin.ts", include_str!("../../../templates/typescript/mapping/plugin.ts")),
    ("src/host.d.ts", include_str!("../../../templates/typescript/mapping/host.d.ts")),
    ("src/settings.schema.json", include_str!("../../../templates/common/mapping/settings.schema.json")),
];

const TOOLS: &str = "\
Building needs Node.js 20 or later with npm; the first build installs what `package-lock.json` names. Types are checked,
and what you import from `node_modules` is bundled. Plain JavaScript does as well: rename `src/rule.ts` to `src/rule.js` and
leave the types out. The component runs QuickJS, which has no `Intl`, no `console` and no timers; what throws is a fault of
that event. Numbers beyond 2^53 lose digits.";

pub(super) fn template(world: World) -> Template {
    let own = match world {
        World::GroupSelector => SELECTOR,
        World::Mapping => MAPPING,
    };
    let ignored = "/node_modules\n/target\n";
    Template { files: [SHARED, own].concat(), source: "src/rule.ts", tools: TOOLS.to_owned(), ignored }
}
