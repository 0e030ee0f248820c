use super::servers::Twin;
use regex::Regex;
use std::sync::LazyLock;

/// Replaces what must differ between two servers: what is made up, counted or timed, and what only one repairs.
pub(super) fn mask(command: &str, text: &str, twin: &Twin) -> String {
    static RULES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
        let rules: [(&str, &str); 15] = [
            (r"(?s)-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", "<certificate>"),
            (r"(?s)<certificate>(\s+<certificate>)+", "<certificate>"),
            (r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", "<token>"),
            (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<uid>"),
            (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "<time>"),
            (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? \+0000( UTC)?", "<time>"),
            (r"[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}", "<time>"),
            (r"Resource Version: +\d+", "Resource Version: <version>"),
            (r"\bmst\.[A-Za-z0-9_-]+", "<token>"),
            (r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", "<time>"),
            (r#"("?resourceVersion"?: ")\d+""#, "${1}<version>\""),
            (r"\b10\.\d+\.\d+\.\d+\b", "<ip>"),
            (r"(/tmp/)\.?[A-Za-z0-9_./-]+", "<folder>"),
            (r"<certificate>\n?", "<certificate>\n"),
            (r"\b[EWI]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ ", "<log> "),
        ];
        rules.iter().map(|(rule, with)| (Regex::new(rule).expect("a rule"), *with)).collect()
    });
    static AGE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b\d+(s|m|m\d+s)\b").expect("a rule"));
    static GAP: LazyLock<Regex> = LazyLock::new(|| Regex::new(r" {2,}").expect("a rule"));
    let mut text = without_repairs(command, text, &twin.namespace).replace(&twin.url, "<server>");
    for (rule, with) in RULES.iter() {
        text = rule.replace_all(&text, *with).into_owned();
    }
    // Columns are as wide as the widest of what is masked.
    let table = ["get ", "describe ", "history", "events", "list"].iter().any(|w| command.contains(w))
        && !["-o yaml", "-o json", "-oyaml", "-ojson"].iter().any(|w| command.contains(w));
    if table {
        text = GAP.replace_all(&AGE.replace_all(&text, "<age>"), "  ").into_owned();
    }
    text
}

/// Leaves out what a kube-apiserver tells of its own repairs now and then: a Service that it happens to look at before
/// its address is known everywhere gets an Event. Where nothing else happened, the text says that nothing did.
fn without_repairs(command: &str, text: &str, namespace: &str) -> String {
    const REPAIRS: [&str; 4] = [
        "ipallocator-repair-controller",
        "portallocator-repair-controller",
        "ClusterIPNotAllocated",
        "PortNotAllocated",
    ];
    if !REPAIRS.iter().any(|r| text.contains(r)) {
        return text.to_owned();
    }
    let lines: Vec<&str> = text.lines().filter(|l| !REPAIRS.iter().any(|r| l.contains(r))).collect();
    let mut left = String::new();
    let mut at = 0;
    while at < lines.len() {
        let follows =
            |n: usize, what: &str| lines.get(at + n).is_some_and(|l| l.trim_start().starts_with(what));
        let described = lines[at].starts_with("Events:") && follows(1, "Type ") && follows(2, "---");
        let listed = lines[at].starts_with("LAST SEEN ") || lines[at].starts_with("NAMESPACE  LAST SEEN ");
        if described && !lines.get(at + 3).is_some_and(|l| l.starts_with(' ')) {
            left.push_str("Events:  <none>\n");
            at += 3;
        } else if listed && follows(1, "(exit ") {
            // `kubectl events` has words of its own for none; `kubectl get events` says what every `get` says.
            let what = if command.contains("kubectl events") { "events" } else { "resources" };
            left.push_str(&format!("No {what} found in {namespace} namespace.\n"));
            at += 1;
        } else {
            left.push_str(lines[at]);
            left.push('\n');
            at += 1;
        }
    }
    left
}

#[test]
fn an_event_of_a_repair_is_as_none() {
    let described = "Name:  web\nEvents:\n  Type     Reason  Age  From  Message\n  ----     ------  ----  ----  -------\n  \
                     Warning  ClusterIPNotAllocated  1s  ipallocator-repair-controller  repairing\n(exit 0)\n";
    assert_eq!(
        without_repairs("kubectl describe service web", described, "n"),
        "Name:  web\nEvents:  <none>\n(exit 0)\n"
    );
    let other = described.replace("(exit", "  Normal  Scaled  1s  me  two\n(exit");
    assert_eq!(
        without_repairs("kubectl describe service web", &other, "n").lines().count(),
        6,
        "the other event stays"
    );
    let listed = "LAST SEEN   TYPE      REASON\n1s          Warning   ClusterIPNotAllocated\n(exit 0)\n";
    for (command, what) in [("kubectl get events", "resources"), ("kubectl events", "events")] {
        let none = format!("No {what} found in n namespace.\n(exit 0)\n");
        assert_eq!(without_repairs(command, listed, "n"), none);
    }
}
