//! `postRenderers`: a kustomization over what the chart made.
use super::objects::From;
use mainstay_diagnostic::{Diagnostic, Location, codes};
use mainstay_kustomize::{Build, Options, Order};
use mainstay_object::{Map, Value};
use mainstay_unit::Desired;
use mainstay_unit::tree::{MemoryTree, TreePath};

/// Each object in a file of its own, so that it is known afterwards which it was.
pub(crate) fn build(
    objects: Vec<From>,
    fields: &Map<String, Value>,
    at: &Location,
) -> Result<Vec<From>, Vec<Diagnostic>> {
    let mut tree = MemoryTree::new();
    let mut names = Vec::with_capacity(objects.len());
    let mut put = |name: &str, text: String| {
        // The names are made here, and no path is too long.
        if let Ok(path) = TreePath::parse(name) {
            tree.insert(path, text.into_bytes().into());
        }
    };
    for (i, From { desired, .. }) in objects.iter().enumerate() {
        let name = format!("{i}.yaml");
        put(&name, desired.object.value().to_string());
        names.push(Value::from(name));
    }
    let mut kustomization = fields.clone();
    kustomization.insert("resources".to_owned(), names.into());
    put("kustomization.yaml", Value::Object(kustomization).to_string());
    let root = TreePath::root();
    let options = Options { order: Some(Order::Fifo), ..Options::default() };
    let request = Build { options, ..Build::new(&tree, &root) };
    let place = |mut diagnostic: Diagnostic| {
        diagnostic.message = format!("a post renderer fails: {}", diagnostic.message);
        diagnostic.snippet = None;
        diagnostic.at(at.clone())
    };
    let built = mainstay_kustomize::build(&request)
        .map_err(|failed| failed.diagnostics.into_iter().map(place).collect::<Vec<_>>())?;
    let of = |file: &str| objects.get(file.strip_suffix(".yaml")?.parse::<usize>().ok()?);
    let mut out = Vec::with_capacity(built.objects.len());
    for built in built.objects {
        let Some(before) = of(&built.origin.file) else {
            // Nothing but these was given to it, so that every object is one of them.
            let message = format!("it makes {}, which is none of the chart's", built.object.key());
            return Err(vec![place(Diagnostic::new(&codes::kustomize::TRANSFORM, message))]);
        };
        let desired = Desired { origin: before.desired.origin.clone(), ..built };
        out.push(From { desired, ..before.clone() });
    }
    Ok(out)
}
