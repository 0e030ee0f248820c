use crate::{Action, Guard, Plan, Step, UnitPlan, Verdict, changes, deletion_rank, rank, removals, text};
use mainstay_object::{GroupKind, ObjectKey};
use mainstay_unit::{CouldDeclare, Inventory, InventoryEntry, Target, UnitId, Unread};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

fn id(name: &str) -> UnitId {
    UnitId::new("module", "t", name, "")
}

fn inventory(keys: &[(&str, &str)]) -> Inventory {
    keys.iter()
        .map(|(kind, name)| InventoryEntry {
            key: ObjectKey::new("", *kind, "", *name),
            version: "v1".into(),
            uid: "u".into(),
            desired: None,
            owned: None,
            intended: Vec::new(),
            recovered: false,
            hook: false,
        })
        .collect()
}

fn judge(
    known: &[(&str, &Inventory)],
    declared: &[&str],
    unread: &[&str],
    approved: &[&str],
) -> (Vec<UnitId>, Vec<crate::Held>) {
    let known: BTreeMap<_, _> = known.iter().map(|(n, i)| (id(n), *i)).collect();
    let declared: BTreeSet<_> = declared.iter().map(|n| id(n)).collect();
    let unread = unread.iter().map(|what| Unread::new(*what, CouldDeclare::Anything)).collect();
    let approved = approved.iter().map(ToString::to_string).collect();
    let above = |_: &UnitId| &[][..];
    removals(&Guard {
        known: &known,
        declared: &declared,
        unread: &unread,
        approved: &approved,
        above: &above,
    })
}

#[test]
fn a_change_names_the_field_and_never_a_secret_value() {
    let deployment = |image: &str, n: i32| {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "uid": "x"},
               "spec": {"replicas": n, "containers": [{"name": "web", "image": image}]}, "status": {"x": n}})
    };
    let shown: Vec<_> =
        changes(&deployment("a:1", 1), &deployment("a:2", 2)).into_iter().map(|c| c.path).collect();
    assert_eq!(shown, [".spec.containers[name=web].image", ".spec.replicas"]);

    let secret =
        |v: &str| json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": {"k": v}});
    let all = changes(&secret("b2xkLXZhbHVl"), &secret("bmV3LXZhbHVl"));
    assert!(all[0].redacted && !format!("{all:?}").contains("VhbHVl"), "{all:?}");
}

#[test]
fn a_unit_that_disappears_is_removed_only_if_everything_was_read() {
    let one = inventory(&[("ConfigMap", "a")]);
    let (remove, held) = judge(&[("a", &one), ("b", &one)], &["b"], &[], &[]);
    assert_eq!((remove, held.len()), (vec![id("a")], 0));
    let (remove, held) = judge(&[("a", &one), ("b", &one)], &["b"], &["apps/x.yaml"], &[]);
    assert!(remove.is_empty());
    assert!(held[0].why.contains("apps/x.yaml") && held[0].hash.is_none());
}

#[test]
fn what_was_not_read_holds_only_what_it_could_declare() {
    let one = inventory(&[("ConfigMap", "a")]);
    let unit = |kind: &str, tenant: &str| UnitId::new(kind, tenant, "x", "");
    let units = [unit("module", "red"), unit("module", "blue"), unit("kustomization", "apps")];
    let kept = unit("module", "kept");
    let known: BTreeMap<_, _> = units.iter().cloned().chain([kept.clone()]).map(|id| (id, &one)).collect();
    let declared = BTreeSet::from([kept]);
    let chain = [unit("kustomization", "flux-system"), unit("helmrelease", "umbrella")];
    let removed = |could: CouldDeclare| {
        let unread = BTreeSet::from([Unread::new("x.yaml", could)]);
        let approved = BTreeSet::new();
        let above = |id: &UnitId| if id.tenant == "apps" { &chain[..] } else { &[] };
        let guard =
            Guard { known: &known, declared: &declared, unread: &unread, approved: &approved, above: &above };
        let (remove, held) = removals(&guard);
        assert_eq!(remove.len() + held.len(), units.len(), "each is one or the other");
        remove.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(removed(CouldDeclare::Anything), [""; 0]);
    let red = CouldDeclare::Native(BTreeSet::from(["red".into()]));
    assert_eq!(removed(red), ["kustomization/apps/x", "module/blue/x"]);
    assert_eq!(removed(CouldDeclare::Children), ["module/blue/x", "module/red/x"]);
    assert_eq!(removed(CouldDeclare::Below(chain[1].clone())), ["module/blue/x", "module/red/x"]);
    let other = CouldDeclare::Below(unit("helmrelease", "other"));
    assert_eq!(removed(other), ["kustomization/apps/x", "module/blue/x", "module/red/x"]);
}

#[test]
fn losing_everything_or_much_is_held_until_approved_by_hash() {
    let one = inventory(&[("ConfigMap", "a")]);
    let (remove, held) = judge(&[("a", &one)], &[], &[], &[]);
    assert!(remove.is_empty() && held[0].why.contains("no unit at all"));
    let hash = held[0].hash.clone().unwrap();
    assert_eq!(judge(&[("a", &one)], &[], &[], &[&hash]).0, [id("a")]);

    let names: Vec<String> = (0..8).map(|i| format!("u{i}")).collect();
    let known: Vec<_> = names.iter().map(|n| (n.as_str(), &one)).collect();
    let (remove, held) = judge(&known, &["u0", "u1"], &[], &[]);
    assert!(remove.is_empty() && held.len() == 6 && held[0].why.contains("6 of tenant t's 8 units"));
}

#[test]
fn losing_a_namespace_is_held_alone() {
    let (ns, one) = (inventory(&[("Namespace", "web")]), inventory(&[("ConfigMap", "a")]));
    let (remove, held) = judge(&[("a", &ns), ("b", &one), ("c", &one)], &["c"], &[], &[]);
    assert_eq!(remove, [id("b")]);
    assert_eq!(held[0].why, "removing it would delete Namespace web");
}

#[test]
fn namespaces_and_definitions_are_made_first_and_removed_last() {
    let kind = |g, k| GroupKind::new(g, k);
    assert!(rank(&kind("", "Namespace")) < rank(&kind("apiextensions.k8s.io", "CustomResourceDefinition")));
    assert!(rank(&kind("", "ConfigMap")) < rank(&kind("apps", "Deployment")));
    assert!(rank(&kind("apps", "Deployment")) < rank(&kind("example.com", "Thing")));
    let key = |g, k| ObjectKey::new(g, k, "", "x");
    let order = [
        key("example.com", "Thing"),
        key("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
        key("apps", "Deployment"),
        key("", "ConfigMap"),
        key("", "ServiceAccount"),
        key("apiextensions.k8s.io", "CustomResourceDefinition"),
        key("", "Namespace"),
    ];
    assert!(order.windows(2).all(|w| deletion_rank(&w[0]) < deletion_rank(&w[1])));
}

#[test]
fn a_plan_reads_as_a_list_of_steps_with_reasons() {
    let step = |action, name: &str, changes| Step {
        action,
        key: ObjectKey::new("", "ConfigMap", "ns", name),
        reason: "new".into(),
        changes,
    };
    let changed = changes(&json!({"data": {"a": "1"}}), &json!({"data": {"a": "2", "b.c": "3"}}));
    let mut plan = Plan {
        revision: "abc".into(),
        units: vec![
            UnitPlan {
                id: id("a"),
                target: Target::Management,
                wave: 0,
                verdict: Verdict::Planned,
                steps: vec![step(Action::Create, "x", vec![]), step(Action::Change, "y", changed)],
                unchanged: 3,
            },
            UnitPlan {
                id: id("b"),
                target: Target::Management,
                wave: 0,
                verdict: Verdict::Planned,
                steps: vec![],
                unchanged: 1,
            },
        ],
        held: vec![],
    };
    let expected = "\
module/t/a
+ ConfigMap ns/x  (new)
~ ConfigMap ns/y  (new)
    .data.a: \"1\" -> \"2\"
    .data[\"b.c\"]: + \"3\"

Plan: 1 to create, 1 to change, 0 to delete, 4 unchanged.
";
    assert_eq!(text(&plan), expected);
    let left = UnitPlan { verdict: Verdict::Managed("managed by Tool".into()), ..plan.units[0].clone() };
    let alone = text(&Plan { units: vec![left], ..Plan::default() });
    assert!(
        alone.starts_with("module/t/a (managed by Tool: nothing of this is done)\n+ ConfigMap"),
        "{alone}"
    );
    assert!(alone.ends_with("Plan: 0 to create, 0 to change, 0 to delete, 0 unchanged.\n"), "{alone}");
    let hash = plan.hash();
    plan.revision = "def".into();
    assert_eq!(plan.hash(), hash, "a commit is no part of what is approved");
    plan.units[0].steps.pop();
    assert_ne!(plan.hash(), hash);
}

#[test]
fn a_plan_is_in_sync_only_where_nothing_waits_and_says_what_is_not_known() {
    let unit = |verdict, actions: &[Action]| UnitPlan {
        id: id("a"),
        target: Target::Management,
        wave: 0,
        verdict,
        steps: actions
            .iter()
            .map(|action| Step {
                action: *action,
                key: ObjectKey::new("", "ConfigMap", "n", "c"),
                reason: String::new(),
                changes: Vec::new(),
            })
            .collect(),
        unchanged: 0,
    };
    let plan = |units: Vec<UnitPlan>| Plan { units, ..Plan::default() };
    for (action, changes) in [
        (Action::Create, true),
        (Action::Change, true),
        (Action::Replace, true),
        (Action::Delete, true),
        (Action::Run, true),
        (Action::Blocked, true),
        (Action::Keep, false),
    ] {
        assert_eq!(plan(vec![unit(Verdict::Planned, &[action])]).has_changes(), changes, "{action:?}");
    }
    let managed = Verdict::Managed("by Flux".into());
    assert!(!plan(vec![unit(managed, &[Action::Create])]).has_changes());
    let held = crate::Held { unit: id("a"), why: "it holds a namespace".into(), hash: None };
    assert!(Plan { held: vec![held], ..Plan::default() }.has_changes());

    let known = plan(vec![unit(Verdict::Planned, &[]), unit(Verdict::Suspended, &[])]);
    assert_eq!(known.unknown(), 0);
    assert!(text(&known).ends_with("unchanged.\n"), "{}", text(&known));
    let lost = plan(vec![
        unit(Verdict::NotRendered("no chart".into()), &[]),
        unit(Verdict::NotEvaluated("no cluster".into()), &[]),
    ]);
    assert_eq!((lost.unknown(), lost.has_changes()), (2, false));
    assert!(text(&lost).ends_with("; 2 units are not known.\n"), "{}", text(&lost));
}
