//! The language of rules: what it says of objects, and what it refuses.

use crate::{Limits, Rules, judge};
use mainstay_object::Value;
use mainstay_unit::HealthStatus::{self, Degraded, Healthy, Missing, Progressing, Suspended, Unknown};
use serde_json::json;

fn said(rules: &str, object: &Value) -> (HealthStatus, String) {
    let text = format!("project: test\nkinds:\n- group: example.com\n  kind: Thing\n{rules}");
    let rules = match Rules::parse("own.yaml", &text) {
        Ok(rules) => rules,
        Err(problems) => {
            panic!("{text}\n{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
        }
    };
    let verdict = judge(&rules, object, None);
    assert_eq!(verdict.rule.as_deref(), Some("test"));
    (verdict.health.status, verdict.health.message)
}

fn thing(status: Value) -> Value {
    json!({"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a", "generation": 3}, "status": status})
}

/// What an expression is refused for is said in CEL's own words, which are tested elsewhere.
fn refused(text: &str) -> Vec<String> {
    let shown = |problem: String| match problem.split_once("error[MS7002]") {
        Some((place, why)) if why.contains("Syntax error") => format!("{place}error[MS7002]"),
        Some(_) | None => problem,
    };
    match Rules::parse("own.yaml", text) {
        Ok(_) => panic!("{text}"),
        Err(problems) => problems.iter().map(|problem| shown(problem.to_string())).collect(),
    }
}

#[test]
fn the_first_rule_that_has_an_answer_gives_it() {
    let rules = "  rules:
  - condition: Ready
    reason: [Waiting, Queued]
    Progressing: \"False\"
  - condition: Ready
    Healthy: \"True\"
    Degraded: \"False\"
    Missing: (absent)
    Unknown: (other)
";
    let ready = |status: &str, reason: &str| {
        thing(json!({"conditions": [{"type": "Ready", "status": status, "reason": reason, "message": "m"}]}))
    };
    assert_eq!(said(rules, &ready("True", "")), (Healthy, "Ready is true: m".into()));
    assert_eq!(said(rules, &ready("False", "Queued")), (Progressing, "Ready is false: Queued: m".into()));
    assert_eq!(said(rules, &ready("False", "Broken")).0, Degraded);
    assert_eq!(said(rules, &ready("perhaps", "")).0, Unknown);
    assert_eq!(said(rules, &thing(json!({"x": 1}))), (Missing, "the condition Ready is missing".into()));
}

#[test]
fn fields_are_compared_as_text_and_tell_their_message() {
    let rules = "  rules:
  - field: /status/paused
    Suspended: true
  - field: /status/code
    Degraded: [3, -1]
    message: /status/why
  - field: /status/phase
    Healthy: [Ready, \"\"]
    Progressing: [(absent)]
    Degraded: (other)
    message: as declared
";
    assert_eq!(said(rules, &thing(json!({"paused": true}))), (Suspended, "status.paused is true".into()));
    assert_eq!(said(rules, &thing(json!({"code": -1, "why": "no\nroom"}))), (Degraded, "no room".into()));
    assert_eq!(said(rules, &thing(json!({"code": 3}))), (Degraded, "status.code is 3".into()));
    assert_eq!(said(rules, &thing(json!({"phase": "Ready"}))), (Healthy, "as declared".into()));
    assert_eq!(said(rules, &thing(json!({"phase": ["Ready"]}))).0, Degraded);
    assert_eq!(said(rules, &thing(json!({}))).0, Progressing);
}

#[test]
fn the_worst_element_decides_and_one_that_is_silent_proves_nothing() {
    let rules = "  rules:
  - each: /status/parts
    rules:
    - field: /phase
      Healthy: Done
      Progressing: Busy
      Degraded: Broken
";
    let parts = |parts: Value| said(rules, &thing(json!({"parts": parts})));
    let part = |name: &str, phase: &str| json!({"name": name, "phase": phase});
    assert_eq!(
        parts(json!([part("a", "Done"), part("b", "Broken"), part("c", "Busy")])),
        (Degraded, "b: status.phase is Broken".replace("status.phase", "phase"))
    );
    assert_eq!(
        parts(json!({"x": {"phase": "Done"}, "y": {"phase": "Busy"}})),
        (Progressing, "y: phase is Busy".into())
    );
    assert_eq!(parts(json!([part("a", "Done")])).0, Healthy);
    assert_eq!(parts(json!([part("a", "Done"), part("b", "other")])).0, Progressing);
    assert_eq!(parts(json!([])).0, Progressing);
}

#[test]
fn a_condition_of_an_older_generation_proves_nothing() {
    let ready = |observed: i64| {
        thing(
            json!({"conditions": [{"type": "Ready", "status": "True", "observedGeneration": observed}], "phase": "Fine"}),
        )
    };
    let rules = "  rules:\n  - condition: Ready\n    Healthy: \"True\"\n";
    assert_eq!(said(rules, &ready(3)).0, Healthy);
    assert_eq!(said(rules, &ready(2)), (Progressing, "Ready speaks of generation 2 of 3".into()));
    // Nor does anything that is said after it was asked for.
    let rules = "  rules:\n  - condition: Ready\n    Degraded: \"False\"\n  - field: /status/phase\n    Healthy: Fine\n";
    assert_eq!(said(rules, &ready(3)).0, Healthy);
    assert_eq!(said(rules, &ready(2)).0, Progressing);
}

#[test]
fn expressions_see_the_object_and_an_error_is_never_healthy() {
    let when = |expression: &str| {
        format!(
            "  rules:\n  - when: {expression}\n    status: Degraded\n  - field: /status/phase\n    Healthy: Fine\n"
        )
    };
    let fine = thing(json!({"phase": "Fine", "count": 2}));
    assert_eq!(said(&when("status.count > 1 && metadata.name == 'a'"), &fine).0, Degraded);
    assert_eq!(said(&when("status.count > 2"), &fine).0, Healthy);
    assert_eq!(said(&when("has(spec.size)"), &fine).0, Healthy);
    let (status, message) = said(&when("status.missing > 2"), &fine);
    assert_eq!(status, Unknown);
    assert!(message.starts_with("`status.missing > 2` can't be evaluated"), "{message}");
    assert_eq!(said(&when("self.status.phase"), &fine).0, Unknown);
}

#[test]
fn an_expression_stops_within_its_budget() {
    let many: Vec<u32> = (0..3000).collect();
    let rules =
        "  rules:\n  - when: status.many.all(a, status.many.all(b, a + b >= 0))\n    status: Healthy\n";
    let (status, message) = said(rules, &thing(json!({"many": many})));
    assert_eq!(status, Progressing, "{message}");
    let rules = format!("{rules}  - field: /status/phase\n    Healthy: Fine\n");
    let (status, message) = said(&rules, &thing(json!({"many": many, "phase": "Fine"})));
    assert_eq!(status, Unknown);
    assert!(message.contains("cost limit exceeded"), "{message}");
}

#[test]
fn the_users_rules_win_and_the_most_exact_name_is_taken() {
    let rules = Rules::parse(
        "own.yaml",
        "project: own
kinds:
- group: apps
  kind: Deployment
  passive: true
- group: '*.example.com'
  passive: true
- group: '*.b.example.com'
  kind: Thing
  rules:
  - field: /status/phase
    Suspended: (absent)
- group: a.b.example.com
  kind: Thing
  rules:
  - field: /status/phase
    Degraded: (absent)
",
    )
    .unwrap();
    let status = |group: &str, kind: &str| {
        judge(&rules, &json!({"apiVersion": format!("{group}/v1"), "kind": kind}), None).health.status
    };
    assert_eq!(status("apps", "Deployment"), Healthy);
    assert_eq!(status("apps", "StatefulSet"), Progressing);
    assert_eq!(status("a.b.example.com", "Thing"), Degraded);
    assert_eq!(status("x.b.example.com", "Thing"), Suspended);
    assert_eq!(status("x.b.example.com", "Other"), Healthy);
    assert_eq!(status("example.com", "Thing"), Progressing);
    assert_eq!(rules.len(), 4);
}

#[test]
fn everything_that_is_wrong_with_rules_is_told_with_its_place() {
    assert_eq!(
        refused(
            "kinds:
- group: example.com
  kind: Thing
  ruls: []
  otherwise: Healthy
  rules:
  - condition: Ready
    Healty: \"True\"
  - field: status/phase
    Healthy: (other)
  - when: status.x +
    status: Fine
  - condition: Ready
    field: /x
    Healthy: 1.5
"
        ),
        [
            "own.yaml:4:3: error[MS7001]: there is no key `ruls` here",
            "own.yaml:5:14: error[MS7001]: what nothing proves is never Healthy",
            "own.yaml:7:5: error[MS7001]: the rule says nothing: it has no status",
            "own.yaml:8:5: error[MS7001]: there is no key `Healty` here",
            "own.yaml:9:12: error[MS7001]: `field` is a JSON pointer such as /status/phase",
            "own.yaml:10:14: error[MS7001]: what nothing proves is never Healthy",
            "own.yaml:11:11: error[MS7002]",
            "own.yaml:12:13: error[MS7001]: `Fine` is no status; there are Healthy, Suspended, Progressing, Unknown, Missing, Degraded",
            "own.yaml:13:5: error[MS7001]: a rule has one of `condition`, `field`, `each` and `when`",
        ]
    );
    assert_eq!(refused("[]"), ["own.yaml:1:1: error[MS7001]: a file of rules is a map, not a list"]);
    assert_eq!(refused("project: x"), ["own.yaml:1:1: error[MS7001]: there are no `kinds`"]);
    assert_eq!(
        refused("kinds: [{group: '*', rules: []}]"),
        ["own.yaml:1:9: error[MS7001]: `*` is no group; `*.example.com` is every group that ends so"]
    );
    assert_eq!(
        refused("kinds: [{group: a.b, kind: C}, {group: a.b, kind: [D, C]}]"),
        ["own.yaml:1:32: error[MS7001]: `C` of `a.b` has a rule already"]
    );
    assert_eq!(
        refused("kinds: [{group: a.b, rules: [{when: 'size(spec.x)', status: Healthy}]}]"),
        ["own.yaml:1:37: error[MS7002]: `when` is true or false, not Int"]
    );
}

#[test]
fn no_limit_of_rules_can_be_passed() {
    let within = |text: &str, limits: Limits| match Rules::parse_within("own.yaml", text, &limits) {
        Ok(_) => String::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
    };
    let few = Limits { kinds: 2, rules: 2, depth: 1, ..Limits::default() };
    assert!(within("kinds: [{group: a.b, kind: [A, B, C]}]", few).contains("at most 2 kinds"));
    assert!(within("kinds: [{group: [a.b, c.d], kind: [A, B]}]", few).contains("at most 2 kinds"));
    let rule = "{field: /x, Healthy: y}";
    assert!(
        within(&format!("kinds: [{{group: a.b, rules: [{rule}, {rule}, {rule}]}}]"), few)
            .contains("at most 2 rules")
    );
    let each = format!("{{each: /x, rules: [{{each: /y, rules: [{rule}]}}]}}");
    let many = Limits { rules: 9, ..few };
    assert!(
        within(&format!("kinds: [{{group: a.b, rules: [{each}]}}]"), many).contains("`each` within `each`")
    );
    let long = format!("# {}\nkinds: []", "x".repeat(2000));
    assert!(within(&long, Limits { bytes: 1000, ..few }).contains("2012 bytes"));
}

#[test]
fn files_of_one_repository_hold_together_and_none_wins_over_another() {
    let of = |files: &[(&str, &str)]| {
        Rules::of_files(files.iter().copied(), &Limits::default())
            .map(|rules| rules.len())
            .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    let widget = "kinds:\n- group: example.com\n  kind: Widget\n  passive: true\n";
    let gadget = "kinds:\n- {group: example.com, kind: Gadget}\n- {group: '*.example.com'}\n";
    assert_eq!(of(&[("a.yaml", widget), ("b.yaml", gadget)]), Ok(3));
    assert_eq!(
        of(&[("a.yaml", widget), ("b.yaml", gadget), ("c.yaml", widget), ("d.yaml", "kinds: 1\n")]),
        Err(vec![
            "c.yaml:2:3: error[MS7001]: `Widget` of `example.com` has a rule already, at a.yaml:2:3".into(),
            "d.yaml:1:8: error[MS7001]: `kinds` is a list, not a number".into(),
        ])
    );
    assert_eq!(
        of(&[("b.yaml", gadget), ("c.yaml", "kinds: [{group: '*.example.com'}]\n")]),
        Err(vec![
            "c.yaml:1:9: error[MS7001]: every kind of `*.example.com` has a rule already, at b.yaml:3:3"
                .into()
        ])
    );
}

#[test]
fn no_limit_of_all_files_can_be_passed() {
    let widget = "kinds: [{group: example.com, kind: Widget}]";
    let gadget = "kinds: [{group: example.com, kind: Gadget}]";
    let within = |limits: Limits| match Rules::of_files([("a.yaml", widget), ("b.yaml", gadget)], &limits) {
        Ok(rules) => rules.len().to_string(),
        Err(problems) => problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
    };
    assert_eq!(within(Limits::default()), "2");
    let limits = Limits::default();
    assert!(
        within(Limits { files: 1, ..limits }).contains("b.yaml: error[MS7001]: there are more than 1 files")
    );
    assert!(within(Limits { all_bytes: 80, ..limits }).contains("more than 80 bytes together"));
    assert!(within(Limits { all_kinds: 1, ..limits }).contains("at most 1 kinds together"));
}

#[test]
fn rules_of_which_nothing_is_known_make_nothing_healthy() {
    let unknown = Rules::unknown("rules.yaml:1:1: broken");
    let said = |object: Value| judge(&unknown, &object, None).health;
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap"});
    assert_eq!(said(map).status, Unknown);
    let ready = json!({"apiVersion": "example.com/v1", "kind": "Thing", "status": {"conditions": [{"type": "Ready", "status": "True"}]}});
    assert_eq!(said(ready.clone()), mainstay_unit::Health::unknown("rules.yaml:1:1: broken"));
    assert_eq!(judge(Rules::none(), &ready, None).health.status, Healthy);
    let broken = json!({"apiVersion": "example.com/v1", "kind": "Thing", "status": {"conditions": [{"type": "Stalled", "status": "True"}]}});
    assert_eq!(said(broken).status, Degraded);
}

#[test]
fn rules_agree_on_a_kind_where_they_say_the_same_of_it() {
    let rules = |text: &str| Rules::parse("a.yaml", text).unwrap();
    let first = rules(
        "kinds:\n- {group: example.com, kind: [Widget, Gadget], passive: true}\n- {group: '*.example.com', passive: true}\n",
    );
    let laid_out_otherwise = rules(
        "# Words\nproject: x\nkinds:\n- group: ['*.example.com']\n  passive: true\n- group: example.com\n  passive: true\n  kind: Widget\n- {group: example.com, kind: Gadget, passive: false}\n",
    );
    let agree = |group: &str, kind: &str| first.agree(&laid_out_otherwise, group, kind);
    assert_eq!(first.changes(&laid_out_otherwise), ["Gadget of example.com"]);
    assert_eq!(
        first.changes(Rules::none()),
        ["Gadget of example.com", "Widget of example.com", "every kind of *.example.com"]
    );
    assert!(agree("example.com", "Widget"));
    assert!(!agree("example.com", "Gadget"));
    assert!(agree("a.example.com", "Anything"));
    assert!(agree("apps", "Deployment"));
    assert!(!first.agree(Rules::none(), "a.example.com", "Anything"));
    assert!(!first.agree(&Rules::unknown("x"), "apps", "Deployment"));
}
