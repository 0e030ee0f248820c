//! Paths as Go's path package has them. `os...` are the same: Helm renders on a system with slashes.
use super::Type::Text;
use super::{Function, args, pure};
use crate::value::Value;

pub(crate) use mainstay_package::clean;

pub(super) const FUNCTIONS: &[Function] = &[
    pure("base", &[Text], |args| Ok(base(&args::text(args, 0)).into())),
    pure("osBase", &[Text], |args| Ok(base(&args::text(args, 0)).into())),
    pure("dir", &[Text], |args| Ok(dir(&args::text(args, 0)).into())),
    pure("osDir", &[Text], |args| Ok(dir(&args::text(args, 0)).into())),
    pure("clean", &[Text], |args| Ok(clean(&args::text(args, 0)).into())),
    pure("osClean", &[Text], |args| Ok(clean(&args::text(args, 0)).into())),
    pure("ext", &[Text], |args| Ok(ext(&args::text(args, 0)).into())),
    pure("osExt", &[Text], |args| Ok(ext(&args::text(args, 0)).into())),
    pure("isAbs", &[Text], |args| Ok(Value::Bool(args::text(args, 0).starts_with('/')))),
    pure("osIsAbs", &[Text], |args| Ok(Value::Bool(args::text(args, 0).starts_with('/')))),
];

pub(crate) fn base(path: &str) -> &str {
    if path.is_empty() {
        return ".";
    }
    let path = path.trim_end_matches('/');
    let name = path.rsplit('/').next().unwrap_or_default();
    if name.is_empty() { "/" } else { name }
}

fn dir(path: &str) -> String {
    clean(path.rfind('/').map_or("", |at| &path[..=at]))
}

fn ext(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.rfind('.').map_or("", |at| &name[at..])
}
