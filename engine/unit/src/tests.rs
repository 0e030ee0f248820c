use crate::tree::{EntryKind, InvalidPath, MemoryTree, Tree, TreeError, TreePath};
use crate::{Condition, HealthStatus, Inventory, InventoryEntry, Layer, Truth, UnitId, Variable, Variables};
use mainstay_diagnostic::Location;
use mainstay_object::ObjectKey;
use serde_json::json;

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
    };
    let inventory: Inventory = [entry("b", "1"), entry("a", "2"), entry("b", "3")].into_iter().collect();
    let text = serde_json::to_string(&inventory).unwrap();
    assert_eq!(
        text,
        r#"[{"kind":"ConfigMap","namespace":"ns","name":"a","version":"v1","uid":"2"},{"kind":"ConfigMap","namespace":"ns","name":"b","version":"v1","uid":"3"}]"#
    );
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
