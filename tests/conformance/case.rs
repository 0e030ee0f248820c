//! Cases as text: a sentence, requests, and what is expected of each answer. The syntax is told in `README.md`.

/// One behaviour of an API server.
#[derive(Debug, Clone)]
pub struct Case {
    pub area: String,
    /// Its place in its area; part of its namespace's name.
    pub number: usize,
    pub name: String,
    /// On the real server, what it shows is kube-controller-manager's doing.
    pub controllers: bool,
    pub steps: Vec<Step>,
}

#[derive(Debug, Clone, Default)]
pub struct Step {
    pub line: usize,
    pub method: String,
    /// Media type of a patch, by its method's nickname.
    pub media: Option<&'static str>,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<String>,
    pub status: u16,
    pub checks: Vec<Check>,
    /// Asked again until the expectations hold.
    pub eventually: bool,
    /// The servers are known to differ here, and why.
    pub differs: Option<String>,
}

#[derive(Debug, Clone)]
pub enum Check {
    Equals(String, String),
    Contains(String, String),
    Absent(String),
    Exists(String),
    Length(String, usize),
    Text(String),
    Header(String, String),
    Save(String, String),
    /// Not compared between the servers.
    Mask(String),
    /// All that is compared between the servers, beside the status.
    Pick(String),
}

/// Reads a file of cases.
pub fn parse(area: &str, text: &str) -> Result<Vec<Case>, String> {
    let mut cases: Vec<Case> = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let at = i + 1;
        let wrong = |what: &str| format!("{area}:{at}: {what}: {line}");
        if let Some(name) = line.strip_prefix("== ") {
            let (area, name, number) = (area.to_owned(), name.trim().to_owned(), cases.len());
            cases.push(Case { area, number, name, controllers: false, steps: Vec::new() });
            continue;
        }
        let Some(case) = cases.last_mut() else {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            return Err(wrong("before the first case"));
        };
        if let Some(request) = line.strip_prefix("> ") {
            case.steps.push(request_line(at, request).ok_or_else(|| wrong("no request"))?);
        } else if line == "@ controllers" {
            case.controllers = true;
        } else if let Some(header) = line.strip_prefix("| ") {
            let step = case.steps.last_mut().ok_or_else(|| wrong("a header without a request"))?;
            let (name, value) = header.split_once(':').ok_or_else(|| wrong("no header"))?;
            step.headers.push((name.to_owned(), value.trim().to_owned()));
        } else if let Some(expected) = line.strip_prefix("< ") {
            let step = case.steps.last_mut().ok_or_else(|| wrong("an expectation without a request"))?;
            expectation(step, expected).ok_or_else(|| wrong("no expectation"))?;
        } else if line.trim().is_empty() || line.starts_with('#') {
            continue;
        } else {
            let step = case.steps.last_mut().ok_or_else(|| wrong("a body without a request"))?;
            if step.status != 0 {
                return Err(wrong("a body after the expectations"));
            }
            let body = step.body.get_or_insert_default();
            if !body.is_empty() {
                body.push('\n');
            }
            body.push_str(line);
        }
    }
    for case in &cases {
        if case.steps.is_empty() || case.steps.iter().any(|s| s.status == 0) {
            return Err(format!("{area}: a request of {:?} has no status", case.name));
        }
    }
    Ok(cases)
}

fn request_line(line: usize, text: &str) -> Option<Step> {
    let (word, path) = text.split_once(' ')?;
    let (method, media) = match word {
        "MERGE" => ("PATCH", Some("application/merge-patch+json")),
        "JSONPATCH" => ("PATCH", Some("application/json-patch+json")),
        "STRATEGIC" => ("PATCH", Some("application/strategic-merge-patch+json")),
        "APPLY" => ("PATCH", Some("application/apply-patch+yaml")),
        other => (other, None),
    };
    // `~/pods` is in the case's namespace, `~apps/v1/deployments` too.
    let path = match path.trim().strip_prefix('~') {
        None => path.trim().to_owned(),
        Some(rest) => match rest.strip_prefix('/') {
            Some(rest) => format!("/api/v1/namespaces/{{ns}}/{rest}"),
            None => {
                let mut parts = rest.splitn(3, '/');
                let (group, version, rest) = (parts.next()?, parts.next()?, parts.next()?);
                format!("/apis/{group}/{version}/namespaces/{{ns}}/{rest}")
            }
        },
    };
    Some(Step { line, method: method.to_owned(), media, path, ..Step::default() })
}

fn expectation(step: &mut Step, text: &str) -> Option<()> {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    let rest = rest.trim();
    let own = |text: &str| text.to_owned();
    if let Ok(status) = word.parse() {
        step.status = status;
        if !rest.is_empty() {
            step.checks.push(Check::Equals(own("/reason"), own(rest)));
        }
        return Some(());
    }
    let check = match word {
        "eventually" => {
            step.eventually = true;
            return Some(());
        }
        "differs" => {
            step.differs = Some(own(rest)).filter(|why| !why.is_empty());
            return step.differs.is_some().then_some(());
        }
        "~" => Check::Contains(own("/message"), own(rest)),
        "text" => Check::Text(own(rest.strip_prefix("~ ")?)),
        "header" => {
            let (name, text) = rest.split_once(" ~ ")?;
            Check::Header(own(name), own(text))
        }
        "save" => {
            let (name, path) = rest.split_once(' ')?;
            Check::Save(own(name), own(path))
        }
        "mask" => Check::Mask(own(rest)),
        "pick" => Check::Pick(own(rest)),
        path if path.starts_with('/') => {
            let (operator, value) = rest.split_once(' ').unwrap_or((rest, ""));
            match operator {
                "==" => Check::Equals(own(path), own(value)),
                "~" => Check::Contains(own(path), own(value)),
                "absent" => Check::Absent(own(path)),
                "exists" => Check::Exists(own(path)),
                "length" => Check::Length(own(path), value.parse().ok()?),
                _ => return None,
            }
        }
        _ => return None,
    };
    step.checks.push(check);
    Some(())
}
