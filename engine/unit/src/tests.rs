use crate::tree::{EntryKind, IndexedTree, InvalidPath, MemoryTree, Tree, TreeError, TreePath};
use crate::{
    Condition, Desired, HealthStatus, Inventory, InventoryEntry, Layer, Manifest, Pattern, Rendered, Secrecy,
    Truth, UnitId, Variable, Variables,
};
use mainstay_diagnostic::Location;
use mainstay_object::{Digest, DigestKey, Object, ObjectKey};
use serde_json::json;
use std::collections::BTreeSet;

const KEY: DigestKey = DigestKey([7; 32]);
const OPEN: Secrecy<'_> = Secrecy { key: &KEY, sensitive: &BTreeSet::new() };

#[test]
fn a_path_never_leaves_its_tree() {
    let folder = TreePath::parse("/apps/./base/").unwrap();
    assert_eq!(folder.as_str(), "apps/base");
    assert_eq!(folder.join("../other/x.yaml").unwrap().as_str(), "apps/other/x.yaml");
    assert_eq!(folder.join("../..").unwrap(), TreePath::root());
    assert_eq!(folder.join("../../..").unwrap_err(), InvalidPath::Escapes("../../..".into()));
    assert_eq!(folder.join("/etc").unwrap_err(), InvalidPath::Escapes("/etc".into()));
    assert!(TreePath::parse("a\0b").is_err() && TreePath::parse(&"a/".repeat(5000)).is_err());
    assert!(folder.is_within(&TreePath::parse("apps").unwrap()));
    assert!(!TreePath::parse("apps2").unwrap().is_within(&TreePath::parse("apps").unwrap()));
}

#[test]
fn a_memory_tree_behaves_as_a_git_tree() {
    let mut tree = MemoryTree::new().with("a/b.yaml", "x").unwrap().with("a/c/d", "y").unwrap();
    tree.insert_symlink(TreePath::parse("l").unwrap(), "a");
    let names = |p: &str| {
        tree.list(&TreePath::parse(p).unwrap()).unwrap().into_iter().map(|e| e.0).collect::<Vec<_>>()
    };
    assert_eq!(names(""), ["a", "l"]);
    assert_eq!(names("a"), ["b.yaml", "c"]);
    let at = |p: &str| TreePath::parse(p).unwrap();
    assert_eq!(tree.entry(&at("a/c")).unwrap().unwrap().kind, EntryKind::Folder);
    assert_eq!(tree.entry(&at("l")).unwrap().unwrap().kind, EntryKind::Symlink);
    assert_eq!(tree.entry(&at("l/b.yaml")).unwrap(), None);
    assert_eq!(tree.read(&at("a")).unwrap_err(), TreeError::NotAFile(at("a")));
    assert_eq!(tree.list(&at("nope")).unwrap_err(), TreeError::NotFound(at("nope")));
    let other = MemoryTree::new().with("z/b.yaml", "x").unwrap().with("z/c/d", "y").unwrap();
    assert_eq!(tree.entry(&at("a")).unwrap().unwrap().id, other.entry(&at("z")).unwrap().unwrap().id);
}

#[test]
fn the_id_of_a_folder_tells_its_content_wherever_it_is() {
    let tree = |files: &[(&str, &str)]| {
        let file = |(path, text): &(&str, &str)| {
            (TreePath::parse(path).unwrap(), EntryKind::File, text.as_bytes().into())
        };
        IndexedTree::new(files.iter().map(file)).with_folder_ids()
    };
    let at =
        |tree: &IndexedTree, path: &str| tree.entry(&TreePath::parse(path).unwrap()).unwrap().unwrap().id;
    let one = tree(&[
        ("a/b", "x"),
        ("a/c/d", "y"),
        ("a-b/b", "x"),
        ("a-b/c/d", "z"),
        ("w/a/b", "x"),
        ("w/a/c/d", "y"),
    ]);
    assert_eq!(at(&one, "a"), at(&one, "w/a"));
    assert_ne!(at(&one, "a"), at(&one, "a-b"));
    assert_ne!(at(&one, "a/c"), at(&one, "a-b/c"));
    let listed = one.list(&TreePath::parse("w").unwrap()).unwrap();
    assert_eq!(listed[0].1.id, at(&one, "a"));
    assert_eq!(one.id(), at(&one, ""));
    let other = tree(&[("a/b", "x"), ("a/c/d", "changed"), ("a-b/b", "x"), ("a-b/c/d", "z")]);
    assert_eq!(at(&one, "a-b"), at(&other, "a-b"));
    assert!(at(&one, "a") != at(&other, "a") && one.id() != other.id());
}

#[test]
fn a_unit_id_reads_back_and_its_object_names_differ() {
    let id: UnitId = "module/team-a/web@eu-1".parse().unwrap();
    assert_eq!(id, UnitId::new("module", "team-a", "web", "eu-1"));
    assert_eq!(id.to_string().parse::<UnitId>().unwrap(), id);
    assert_eq!(id.object_name(), "module.team-a.web.eu-1");
    let dotted = UnitId::new("module", "team-a.web", "eu-1", "");
    assert_ne!(dotted.object_name(), UnitId::new("module", "team-a", "web.eu-1", "").object_name());
    assert!("web".parse::<UnitId>().is_err() && "a//b".parse::<UnitId>().is_err());
}

#[test]
fn a_transition_time_moves_only_with_the_status() {
    let at = |status, time: &str| Condition {
        kind: "Ready".into(),
        status,
        reason: "R".into(),
        message: String::new(),
        last_transition_time: time.into(),
    };
    let mut list = vec![];
    Condition::set(&mut list, at(Truth::False, "1"));
    Condition::set(&mut list, at(Truth::False, "2"));
    assert_eq!(list[0].last_transition_time, "1");
    Condition::set(&mut list, at(Truth::True, "3"));
    assert_eq!(list[0].last_transition_time, "3");
}

#[test]
fn an_inventory_is_sorted_and_holds_each_object_once() {
    let entry = |name: &str, uid: &str| InventoryEntry {
        key: ObjectKey::new("", "ConfigMap", "ns", name),
        version: "v1".into(),
        uid: uid.into(),
        desired: None,
        owned: None,
        intended: Vec::new(),
        recovered: false,
        hook: false,
    };
    let inventory: Inventory = [entry("b", "1"), entry("a", "2"), entry("b", "3")].into_iter().collect();
    let text = serde_json::to_string(&inventory).unwrap();
    assert_eq!(text, r#"["v1 ConfigMap ns/a uid=2","v1 ConfigMap ns/b uid=3"]"#);
    assert_eq!(serde_json::from_str::<Inventory>(&text).unwrap(), inventory);
}

#[test]
fn a_later_layer_wins_and_no_layer_changes_a_type() {
    let v = |value, layer| Variable { value, layer, location: Location::file("f") };
    let mut all = Variables::default();
    all.set("size", v(json!(1), Layer::Cluster)).unwrap();
    all.set("size", v(json!(2), Layer::Platform)).unwrap();
    assert_eq!(all.get("size").unwrap().value, json!(1));
    assert_eq!(all.set("size", v(json!("3"), Layer::Module)).unwrap_err().value, json!(1));
    all.set("size", v(json!(3), Layer::Module)).unwrap();
    assert_eq!(all.get("size").unwrap().value, json!(3));
}

#[test]
fn the_worst_health_is_the_greatest() {
    assert_eq!(
        [HealthStatus::Healthy, HealthStatus::Degraded, HealthStatus::Unknown].into_iter().max(),
        Some(HealthStatus::Degraded)
    );
}

fn objects(count: usize, size: usize, unit: &str) -> Vec<Desired> {
    let object = |i: usize| {
        let value = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("{unit}-{i}"), "namespace": "x"},
            "data": {"text": format!("{unit} {i} ").repeat(size)},
        });
        Desired { object: Object::new(value).unwrap(), origin: Location::file("x.yaml") }
    };
    (0..count).map(object).collect()
}

#[test]
fn what_is_packed_comes_back_whatever_it_was_packed_like() {
    let one = objects(10, 100, "one");
    let other = objects(12, 100, "other");
    // Larger than what is packed together: each object of the last is more than that alone.
    for wanted in
        [one.clone(), other.clone(), objects(30, 2_000, "large"), objects(3, 20_000, "huge"), Vec::new()]
    {
        for like in [None, Some(Pattern::of(&one)), Some(Pattern::of(&other)), Some(Pattern::of(&[]))] {
            let packed = Manifest::pack(wanted.clone(), like.as_ref(), OPEN);
            let unpacked: Vec<Desired> = packed.iter().map(Manifest::desired).collect();
            assert_eq!(unpacked, wanted);
            for (manifest, desired) in packed.iter().zip(&wanted) {
                assert_eq!(manifest.key, desired.object.key());
                assert_eq!(manifest.kind(), desired.object.group_version_kind());
                assert_eq!(manifest.digest, Digest::of_value(desired.object.value()));
            }
        }
    }
}

#[test]
fn digests_of_what_holds_secrets_can_not_be_tried_out() {
    let secret = |kind: &str| {
        let value = json!({
            "apiVersion": "v1", "kind": kind, "metadata": {"name": "x", "namespace": "n"}, "data": {"pin": "MTIzNA=="},
        });
        Desired { object: Object::new(value).unwrap(), origin: Location::file("x.yaml") }
    };
    let digest = |kind: &str, key: [u8; 32], sensitive: &[ObjectKey]| {
        let secrecy = Secrecy { key: &DigestKey(key), sensitive: &sensitive.iter().cloned().collect() };
        Manifest::pack(vec![secret(kind)], None, secrecy)[0].digest
    };
    let plain = |kind: &str| Digest::of_value(secret(kind).object.value());
    assert_ne!(digest("Secret", [1; 32], &[]), plain("Secret"));
    assert_ne!(digest("Secret", [1; 32], &[]), digest("Secret", [2; 32], &[]));
    assert_eq!(digest("Secret", [1; 32], &[]), digest("Secret", [1; 32], &[]));
    assert_eq!(digest("ConfigMap", [1; 32], &[]), plain("ConfigMap"));
    let held = [secret("ConfigMap").object.key()];
    assert_ne!(digest("ConfigMap", [1; 32], &held), plain("ConfigMap"), "a secret was written into it");
}

#[test]
fn of_what_was_sent_without_an_answer_the_newest_forms_are_remembered() {
    let digest = |text: &str| Digest::of_bytes(text.as_bytes());
    let mut inventory = Inventory::default();
    let key = ObjectKey::new("", "ConfigMap", "ns", "a");
    for form in ["1", "2", "2", "3", "4", "5"] {
        inventory.intend(&key, "v1", digest(form), false);
    }
    assert_eq!(inventory.get(&key).unwrap().intended, ["2", "3", "4", "5"].map(digest));
    let mut answered = inventory.get(&key).unwrap().clone();
    answered.desired = Some(digest("5"));
    answered.intended.clear();
    inventory.insert(answered);
    inventory.intend(&key, "v1", digest("5"), false);
    assert_eq!(inventory.get(&key).unwrap().intended, [], "what the last answer confirmed needs no other");
}

#[test]
fn a_packed_number_comes_back_to_its_last_digit() {
    let numbers: Vec<f64> = vec![
        31.245_270_191_439_438,
        121.487_919_511_619_45,
        0.1 + 0.2,
        5e-324,
        f64::MAX,
        2.225_073_858_507_201e-308,
    ];
    let value = json!({
        "apiVersion": "example.com/v1", "kind": "Measure", "metadata": {"name": "x"}, "spec": {"numbers": numbers},
    });
    let wanted = vec![Desired { object: Object::new(value).unwrap(), origin: Location::file("x.yaml") }];
    let unpacked: Vec<Desired> =
        Manifest::pack(wanted.clone(), None, OPEN).iter().map(Manifest::desired).collect();
    assert_eq!(unpacked, wanted);
}

#[test]
fn a_unit_tells_which_namespaces_and_kinds_it_brings_and_which_it_needs() {
    let value = |value| Desired { object: Object::new(value).unwrap(), origin: Location::file("x.yaml") };
    let mut all = objects(2, 1, "a");
    all.push(value(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}})));
    all.push(value(json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "ks.example.com"}, "spec": {"group": "example.com", "names": {"kind": "K"}},
    })));
    let rendered = Rendered::plain(all, &KEY);
    let footprint = &rendered.footprint;
    assert_eq!(footprint.declares, ["x"]);
    assert_eq!(footprint.namespaces, ["", "x"]);
    assert_eq!(footprint.defines.iter().map(ToString::to_string).collect::<Vec<_>>(), ["K.example.com"]);
    assert_eq!(footprint.kinds.len(), 3);
    let without = rendered.without(&[rendered.objects[0].key.clone()].into());
    assert_eq!(without.objects.len(), 3);
    assert_ne!(without.digest, rendered.digest);
}
