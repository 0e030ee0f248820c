use crate::{Edge, Graph, Reason, draw, draw_known};
use mainstay_unit::UnitId;

fn id(name: &str) -> UnitId {
    UnitId::new("module", "t", name, "")
}

fn graph(units: &str, declared: &[(&str, &str)], soft: &[(&str, &str)]) -> Graph {
    let edge = |reason| move |(from, to): &(&str, &str)| Edge { from: id(from), to: id(to), reason };
    let edges = declared.iter().map(edge(Reason::Declared)).chain(soft.iter().map(edge(Reason::Namespace)));
    Graph::new(units.split(' ').map(id), edges)
}

#[test]
fn a_wave_is_the_longest_chain_below() {
    let g = graph("a b c d", &[("b", "a"), ("c", "b"), ("c", "a"), ("d", "a")], &[]);
    let expected = "\
0  module/t/a
1    module/t/b <- module/t/a
1    module/t/d <- module/t/a
2      module/t/c <- module/t/a, module/t/b
";
    assert_eq!(draw(&g), expected);
    assert_eq!(g.dependents(&id("a")).count(), 3);
}

#[test]
fn what_comes_after_nobody_knows_what_has_no_wave() {
    let g = graph("a b c", &[("b", "a")], &[]);
    let unknown = [(id("c"), "not applied yet: waits for module/t/b".to_owned())].into();
    let expected = "\
0  module/t/a
1    module/t/b <- module/t/a
-  module/t/c (not applied yet: waits for module/t/b)
";
    assert_eq!(draw_known(&g, &unknown), expected);
}

#[test]
fn a_cycle_is_named_whole_and_the_rest_keeps_its_order() {
    let g = graph("a b c d", &[("a", "b"), ("b", "c"), ("c", "a"), ("d", "a")], &[]);
    assert_eq!(g.cycles(), [vec![id("a"), id("b"), id("c")]]);
    assert!(g.in_cycle(&id("b")) && !g.in_cycle(&id("d")));
    assert_eq!(g.wave(&id("d")), Some(1));
}

#[test]
fn a_soft_edge_never_closes_a_cycle() {
    let g = graph("a b c", &[("b", "a"), ("c", "b")], &[("a", "c"), ("c", "a")]);
    assert!(g.cycles().is_empty());
    assert_eq!(g.dependencies(&id("a")).count(), 0);
    assert_eq!(g.dependencies(&id("c")).count(), 2);
    let mutual = graph("a b", &[], &[("a", "b"), ("b", "a")]);
    assert_eq!(mutual.ordered(), [&id("b"), &id("a")]);
}

#[test]
fn edges_to_unknown_units_are_left_out() {
    let g = graph("a", &[("a", "zzz"), ("a", "a")], &[]);
    assert_eq!(g.dependencies(&id("a")).count(), 0);
}
