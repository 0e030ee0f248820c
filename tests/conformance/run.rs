use crate::case::{Case, Step};
use crate::check;
use crate::wire::{Variables, Wire};
use std::time::{Duration, Instant};

pub struct Wires {
    pub embedded: Wire,
    pub real: Option<Wire>,
}

/// What became of a case.
pub struct Outcome {
    pub area: String,
    pub number: usize,
    pub name: String,
    /// What the expectations say of each server; the real one may be absent.
    pub embedded: Vec<String>,
    pub real: Option<Vec<String>>,
    /// Where the embedded server's answers are not the real one's.
    pub differences: Vec<String>,
    /// Differences that a case knows.
    pub known: Vec<String>,
}

/// How long something may take to happen that a controller does.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(100);

/// A case on one server.
#[derive(Default)]
struct Played {
    /// One for each step that was reached.
    recorded: Vec<String>,
    problems: Vec<String>,
}

impl Outcome {
    pub fn is_good(&self) -> bool {
        self.embedded.is_empty()
            && self.differences.is_empty()
            && self.real.as_ref().is_none_or(Vec::is_empty)
    }
}

pub async fn run(case: Case, wires: &Wires, show: bool) -> Outcome {
    let real = async {
        match &wires.real {
            Some(wire) => Some(play(&case, wire).await),
            None => None,
        }
    };
    let (embedded, real) = tokio::join!(play(&case, &wires.embedded), real);
    if show {
        for (name, played) in [("embedded", Some(&embedded)), ("real", real.as_ref())] {
            for (step, recorded) in case.steps.iter().zip(played.iter().flat_map(|p| &p.recorded)) {
                println!("--- {name}: {} {}\n{recorded}", step.method, step.path);
            }
        }
    }
    let (mut differences, mut known) = (Vec::new(), Vec::new());
    if let Some(real) = &real {
        for ((step, embedded), real) in case.steps.iter().zip(&embedded.recorded).zip(&real.recorded) {
            let place = format!("{}:{} {} {}", case.area, step.line, step.method, step.path);
            match (&step.differs, embedded == real) {
                (None, true) => {}
                (None, false) => differences.push(format!("{place}\n{}", difference(embedded, real))),
                (Some(why), false) => known.push(format!("{place}: {why}")),
                (Some(_), true) => {
                    differences.push(format!("{place}: no longer differs; remove `< differs`"))
                }
            }
        }
    }
    let Case { area, number, name, .. } = case;
    let real = real.map(|played| played.problems);
    Outcome { area, number, name, embedded: embedded.problems, real, differences, known }
}

async fn play(case: &Case, wire: &Wire) -> Played {
    let mut variables = Variables::default();
    let namespace = format!("{}-{}", case.area, case.number);
    variables.0.insert("ns".to_owned(), namespace.clone());
    variables.0.insert("admin".to_owned(), wire.token.clone());
    let mut played = Played::default();
    if case.steps.iter().any(|step| step.path.contains("/namespaces/{ns}")) {
        let step = Step {
            method: "POST".to_owned(),
            path: "/api/v1/namespaces".to_owned(),
            body: Some(format!("{{\"metadata\":{{\"name\":\"{namespace}\"}}}}")),
            ..Step::default()
        };
        match wire.send(&step, &variables).await {
            Ok(answer) if answer.status == 201 => {}
            Ok(answer) => played.problems.push(format!("no namespace {namespace}: {}", answer.text)),
            Err(why) => played.problems.push(why),
        }
    }
    for step in &case.steps {
        let started = Instant::now();
        let place = format!("{}:{} {} {}", case.area, step.line, step.method, step.path);
        loop {
            let answer = match wire.send(step, &variables).await {
                Ok(answer) => answer,
                Err(why) => {
                    played.problems.push(format!("{place}: {why}"));
                    return played;
                }
            };
            let problems = check::problems(step, &answer, &mut variables);
            if step.eventually && !problems.is_empty() && started.elapsed() < PATIENCE {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            played.recorded.push(answer.recorded(step, &variables));
            let shown: String = answer.text.chars().take(2000).collect();
            // Where the servers are known to differ, the case says what the real one does.
            let excused = step.differs.is_some() && wire.embedded;
            if !problems.is_empty() && !excused {
                played.problems.push(format!("{place}: {}\n      {shown}", problems.join("; ")));
            }
            break;
        }
    }
    played
}

/// Changed lines, each with a line around it: `-` is the embedded server's, `+` the real one's.
fn difference(embedded: &str, real: &str) -> String {
    let diff = similar::TextDiff::from_lines(embedded, real);
    diff.unified_diff().context_radius(2).header("embedded", "real").to_string()
}
