//! Random templates and values: each template rendered by us alone, and many at once by the real helm.

mod expr;
mod template;
mod values;

use crate::outcome::Printed;
use crate::{ours, real};
use anyhow::{Context, Result};
use mainstay_harness::Pace;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub struct Asked {
    pub count: usize,
    pub seed: u64,
    /// How many differences end the search.
    pub findings: usize,
    /// Where charts are written for the real helm.
    pub folder: PathBuf,
    pub loud: bool,
}

#[derive(Debug, Default)]
pub struct Found {
    pub equal: usize,
    pub both_err: usize,
    /// What passes our limits, which the real helm does not have: it is not asked.
    pub limited: usize,
    /// Templates with what both said.
    pub different: Vec<String>,
}

/// How many templates share a chart, and so a process.
const TOGETHER: usize = 50;

/// False if anything differs.
pub fn run(asked: &Asked) -> Result<bool> {
    let tool = real::helm().context("target/real/helm is not built: cargo xtask real")?;
    let found = play(asked, &tool)?;
    for different in &found.different {
        println!("{different}\n");
    }
    let (equal, both, different) = (found.equal, found.both_err, found.different.len());
    println!(
        "{} templates: {equal} equal bytes, {both} both err, {} beyond our limits, {different} different",
        equal + both + found.limited + different,
        found.limited
    );
    Ok(found.different.is_empty())
}

pub fn play(asked: &Asked, tool: &Path) -> Result<Found> {
    let mut found = Found::default();
    let mut done = 0;
    let mut pace = Pace::default();
    while done < asked.count && found.different.len() < asked.findings {
        let mut dice = fastrand::Rng::with_seed(asked.seed.wrapping_add(done as u64));
        let count = TOGETHER.min(asked.count - done);
        let values = values::values(&mut dice);
        let templates: Vec<String> = (0..count).map(|_| template::template(&mut dice)).collect();
        batch(asked, tool, &values, &templates, &mut found)?;
        done += count;
        pace.says(|| format!("{done} of {} templates, {} different", asked.count, found.different.len()));
    }
    Ok(found)
}

fn batch(asked: &Asked, tool: &Path, values: &str, templates: &[String], found: &mut Found) -> Result<()> {
    let ours: Vec<Printed> = templates
        .iter()
        .map(|template| ours::build(&chart(values, &[template]), None, None))
        .collect::<Result<_>>()?;
    let fine: Vec<&String> =
        templates.iter().zip(&ours).filter(|(_, ours)| ours.result.is_ok()).map(|(t, _)| t).collect();
    let together = ours::build(&chart(values, &fine), None, None)?.result;
    let theirs = real_of(asked, tool, values, &fine)?;
    if together.is_ok() && together == theirs {
        found.equal += fine.len();
    } else {
        for template in &fine {
            let ours = ours::build(&chart(values, &[template]), None, None)?.result;
            compare(asked, template, values, ours, real_of(asked, tool, values, &[template])?, found);
        }
    }
    for (template, ours) in templates.iter().zip(ours).filter(|(_, ours)| ours.result.is_err()) {
        if ours.limited {
            found.limited += 1;
            continue;
        }
        compare(asked, template, values, ours.result, real_of(asked, tool, values, &[template])?, found);
    }
    Ok(())
}

fn compare(
    asked: &Asked,
    template: &str,
    values: &str,
    ours: Result<String, String>,
    theirs: Result<String, String>,
    found: &mut Found,
) {
    match (&ours, &theirs) {
        (Ok(a), Ok(b)) if a == b => found.equal += 1,
        (Err(a), Err(b)) => {
            found.both_err += 1;
            if asked.loud {
                println!("{template}\nours:   {a}\ntheirs: {b}\n");
            }
        }
        _ => {
            let show = |result: &Result<String, String>| match result {
                Ok(text) => text.clone(),
                Err(why) => format!("error: {why}\n"),
            };
            let text =
                format!("{template}\nvalues:\n{values}ours:\n{}theirs:\n{}", show(&ours), show(&theirs));
            found.different.push(text);
        }
    }
}

fn chart<T: AsRef<str>>(values: &str, templates: &[T]) -> BTreeMap<String, Vec<u8>> {
    let own = "apiVersion: v2\nname: c\nversion: 0.1.0\n";
    let mut files = BTreeMap::from([
        ("Chart.yaml".to_owned(), own.as_bytes().to_vec()),
        ("values.yaml".to_owned(), values.as_bytes().to_vec()),
        ("templates/_helpers.tpl".to_owned(), template::HELPERS.as_bytes().to_vec()),
    ]);
    for (i, template) in templates.iter().enumerate() {
        // What it makes is a string, so that whatever it makes is YAML.
        let text = format!(
            "{{{{ define \"t{i}\" }}}}{}{{{{ end }}}}out: {{{{ include \"t{i}\" . | toRawJson }}}}\n",
            template.as_ref()
        );
        files.insert(format!("templates/t{i:03}.yaml"), text.into_bytes());
    }
    files
}

fn real_of<T: AsRef<str>>(
    asked: &Asked,
    tool: &Path,
    values: &str,
    templates: &[T],
) -> Result<Result<String, String>> {
    let folder = asked.folder.join("c");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(folder.join("templates"))?;
    for (path, bytes) in chart(values, templates) {
        std::fs::write(folder.join(path), bytes)?;
    }
    Ok(real::build(tool, &folder, None, None)?.result)
}
