use mainstay_render::{Cache, Checkout, Inputs, Limits, Supply, read, read_with};
use mainstay_unit::tree::{MemoryTree, Tree, TreePath};
use mainstay_unit::{Capabilities, ChartArchive, Content, Need, OciArtifact, Reading};
use std::sync::Arc;

const LIMITS: Limits = Limits { rounds: 6, units: 200 };
/// How often what a reading lacks is supplied.
const CALLS: usize = 3;

/// Reads a repository as the daemon does, its needs met with what is at hand. Every reading is the same twice, with a
/// cache and without, and each of its diagnostics leads somewhere.
pub fn check_reading(tree: MemoryTree) {
    let tree: Arc<dyn Tree> = Arc::new(tree);
    let platform = Checkout { revision: "main@sha1:1".into(), tree: tree.clone() };
    let mut inputs = Inputs::new(platform.clone(), TreePath::root());
    inputs.limits = LIMITS;
    let mut cache = Cache::default();
    for _ in 0..CALLS {
        let reading = read_with(&inputs, &mut cache);
        assert_eq!(read_with(&inputs, &mut cache), reading, "the cache changes what is read");
        assert_eq!(read(&inputs), reading, "the same inputs are read differently");
        check_places(&reading, tree.as_ref());
        if reading.needs.is_empty() {
            return;
        }
        for need in reading.needs {
            supply(&mut inputs, need, &platform);
        }
    }
}

/// What was supplied must not be asked for again, so that the daemon's loop ends.
fn supply(inputs: &mut Inputs, need: Need, platform: &Checkout) {
    let fresh = match need {
        Need::Git { id, url, .. } => {
            let supply = match url.len() % 4 {
                0 => Supply::Absent("there is no such repository".into()),
                1 => Supply::NotEvaluated("offline".into()),
                2 => Supply::Refused("nobody has signed it".into()),
                _ => Supply::Here(platform.clone()),
            };
            inputs.trees.insert(id, supply).is_none()
        }
        Need::Reference { reference, claim } => {
            let supply = match reference.name.len() % 3 {
                0 => Supply::Absent("there is none".into()),
                1 => Supply::NotEvaluated("no cluster".into()),
                _ => Supply::Here(values(&reference.name)),
            };
            inputs.references.insert((reference, claim), supply).is_none()
        }
        Need::Chart { request, authorities } => {
            let supply = match request.chart.len() % 2 {
                0 => Supply::Absent("there is no such chart".into()),
                _ => Supply::Here(archive()),
            };
            inputs.charts.insert((*request, authorities), supply).is_none()
        }
        Need::Artifact { request, authorities } => {
            let supply = match request.from.url.len() % 3 {
                0 => Supply::Refused("nobody has signed it".into()),
                1 => Supply::NotEvaluated("offline".into()),
                _ => {
                    let (revision, tree) = ("latest@sha256:0".into(), platform.tree.clone());
                    Supply::Here(Arc::new(OciArtifact { revision, tree, stale: None }))
                }
            };
            inputs.artifacts.insert((*request, authorities), supply).is_none()
        }
        Need::Capabilities { target, authorities } => {
            let served = Capabilities {
                version: "v1.31.0".into(),
                apis: vec!["apps/v1".into()],
                ..Capabilities::default()
            };
            let supply = match target.name().len() % 2 {
                0 => Supply::Here(Arc::new(served)),
                _ => Supply::NotEvaluated("no cluster".into()),
            };
            inputs.capabilities.insert((target, authorities), supply).is_none()
        }
        Need::File { file } => {
            let supply = match file.url.len() % 3 {
                0 => Supply::Refused("it has another digest".into()),
                1 => Supply::NotEvaluated("offline".into()),
                _ => Supply::Here(Arc::from(&b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: w}\n"[..])),
            };
            inputs.files.insert(file, supply).is_none()
        }
        Need::Helm { run } => {
            let supply = match run.given().release.len() % 3 {
                0 => Supply::Absent("Error: no".into()),
                1 => Supply::NotEvaluated("no helm".into()),
                _ => Supply::Here("---\n# Source: a/templates/b.yaml\na: {b: 1}\n".into()),
            };
            inputs.helm.insert(*run.digest(), supply).is_none()
        }
        Need::Lookup { lookup, claim } => {
            let supply = match lookup.kind.len() % 3 {
                0 => Supply::Absent("there is none".into()),
                1 => Supply::NotEvaluated("no cluster".into()),
                _ => Supply::Here(Arc::new(serde_json::json!({"metadata": {"name": lookup.name}}))),
            };
            inputs.lookups.insert((lookup, claim), supply).is_none()
        }
    };
    assert!(fresh, "a need that was met is asked for again");
}

fn archive() -> Arc<ChartArchive> {
    let files = [
        ("Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n"),
        ("templates/c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\n"),
    ];
    let files = files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()));
    Arc::new(ChartArchive {
        digest: "sha256:0".into(),
        version: "1.0.0".into(),
        files: files.into(),
        stale: None,
    })
}

fn values(name: &str) -> Content {
    Content::from([
        ("region", "eu"),
        ("values.yaml", "replicas: 2\n"),
        ("name", name),
        ("odd", "${region} \"'\n- {"),
    ])
}

fn check_places(reading: &Reading, tree: &dyn Tree) {
    for diagnostic in &reading.diagnostics {
        assert!(!diagnostic.message.is_empty(), "{diagnostic:?}");
        let Some(location) = &diagnostic.location else { continue };
        if let Some(span) = location.span {
            assert!(span.start.line > 0 && span.start.column > 0 && span.start <= span.end, "{diagnostic:?}");
        }
        // Files of other sources are shown as `source:path`, and what shares a path with one can't be told apart.
        let found = TreePath::parse(&location.file).ok().and_then(|path| tree.entry(&path).ok().flatten());
        assert!(found.is_some() || location.file.contains(':'), "no such place: {diagnostic:?}");
    }
}
