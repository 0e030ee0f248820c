use regex::Regex;
use std::sync::LazyLock;

/// Replaces what must differ between two servers: what is made up, counted or timed.
pub(super) fn mask(command: &str, text: &str, url: &str) -> String {
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
    let mut text = text.replace(url, "<server>");
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
