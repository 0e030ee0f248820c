use crate::answer::Answer;
use crate::case::{Check, Step};
use crate::pointer;
use crate::wire::Variables;
use serde_json::Value;

/// What is not as the step expects. What it saves is in `variables` afterwards.
pub fn problems(step: &Step, answer: &Answer, variables: &mut Variables) -> Vec<String> {
    let mut found = Vec::new();
    if answer.status != step.status {
        found.push(format!("status {} instead of {}", answer.status, step.status));
    }
    for check in &step.checks {
        found.extend(problem(check, answer, variables));
    }
    found
}

fn problem(check: &Check, answer: &Answer, variables: &mut Variables) -> Option<String> {
    let at = |path: &str, variables: &Variables| {
        let path = variables.fill(path);
        pointer::all(&answer.value, &path).first().map(|value| (*value).clone())
    };
    match check {
        Check::Equals(path, wanted) => {
            let (found, wanted) = (at(path, variables), variables.fill(wanted));
            let value = serde_json::from_str(&wanted).unwrap_or_else(|_| Value::from(&*wanted));
            // `5` is also the text "5".
            let same = found.as_ref().is_some_and(|f| *f == value || f.as_str() == Some(&*wanted));
            (!same).then(|| format!("{path} is {} instead of {wanted}", shown(found.as_ref())))
        }
        Check::Contains(path, wanted) => {
            let (found, wanted) = (at(path, variables), variables.fill(wanted));
            let text = found.as_ref().map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned));
            let has = text.is_some_and(|text| text.contains(&wanted));
            (!has).then(|| format!("{path} is {}, without {wanted:?}", shown(found.as_ref())))
        }
        Check::Absent(path) => at(path, variables).map(|found| format!("{path} is there: {found}")),
        Check::Exists(path) => at(path, variables).is_none().then(|| format!("{path} is absent")),
        Check::Length(path, wanted) => {
            let found = at(path, variables);
            let length = match &found {
                Some(Value::Array(items)) => Some(items.len()),
                Some(Value::Object(map)) => Some(map.len()),
                Some(Value::String(text)) => Some(text.len()),
                Some(Value::Null | Value::Bool(_) | Value::Number(_)) | None => None,
            };
            (length != Some(*wanted)).then(|| {
                format!("{path} has length {length:?} instead of {wanted}: {}", shown(found.as_ref()))
            })
        }
        Check::Text(wanted) => {
            let wanted = variables.fill(wanted);
            (!answer.text.contains(&wanted))
                .then(|| format!("the body is without {wanted:?}: {}", answer.text))
        }
        Check::Header(name, wanted) => {
            let wanted = variables.fill(wanted);
            let values: Vec<&str> = answer.header(name).collect();
            (!values.iter().any(|v| v.contains(&wanted)))
                .then(|| format!("{name} is {values:?}, without {wanted:?}"))
        }
        Check::Save(name, path) => match at(path, variables) {
            None => Some(format!("{path} is absent")),
            Some(value) => {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                variables.0.insert(name.clone(), text);
                None
            }
        },
        Check::Mask(_) | Check::Pick(_) => None,
    }
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "absent".to_owned(), Value::to_string)
}
