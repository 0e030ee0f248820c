use crate::Shown;
use crate::api::{Filter, error, not_ready};
use crate::html::{Escaped, InQuery};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use mainstay_status::{Problem, RollUp, UnitView, View};
use mainstay_unit::HealthStatus;
use std::collections::BTreeMap;
use std::fmt::{self, Write};

/// More units or problems than this are not for reading: the rest is in the JSON API.
const ROWS: usize = 500;

pub(crate) async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("style.css")).into_response()
}

pub(crate) async fn page(
    State(shown): State<Shown>,
    filter: Result<Query<Filter>, QueryRejection>,
) -> Response {
    let Query(filter) = match filter {
        Ok(filter) => filter,
        Err(rejection) => return error(StatusCode::BAD_REQUEST, rejection.body_text()),
    };
    match html(&shown.view(), shown.is_stale(), &filter) {
        Ok(html) => Html(html).into_response(),
        Err(fmt::Error) => error(StatusCode::INTERNAL_SERVER_ERROR, "the page could not be written"),
    }
}

/// The whole page. What needs somebody comes first.
pub(crate) fn html(view: &View, stale: bool, filter: &Filter) -> Result<String, fmt::Error> {
    let mut out = String::new();
    let all = view.roll_up();
    head(&mut out, view, &all)?;
    banners(&mut out, view, stale)?;
    tiles(&mut out, view, &all, filter)?;
    problems(&mut out, &view.problems)?;
    waits_for_people(&mut out, view)?;
    units(&mut out, view, filter)?;
    if filter.is_empty() {
        out.push_str("<div class=\"halves\">\n");
        groups(&mut out, "Clusters", "cluster", &view.by_cluster())?;
        groups(&mut out, "Tenants", "tenant", &view.by_tenant())?;
        out.push_str("</div>\n");
    }
    out.push_str(
        "</main>\n<footer><p>This page is read-only and renews itself every ten seconds. \
         The same as JSON: <a href=\"/api/v1/view\">view</a>, <a href=\"/api/v1/units\">units</a>, \
         <a href=\"/api/v1/problems\">problems</a>. For Prometheus: <a href=\"/metrics\">metrics</a>.</p></footer>\n\
         </body>\n</html>\n",
    );
    Ok(out)
}

fn head(out: &mut String, view: &View, all: &RollUp) -> fmt::Result {
    let (ready, units) = (all.ready, all.units);
    writeln!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"refresh\" content=\"10\">\n\
         <title>{ready}/{units} ready · Mainstay</title>\n\
         <link rel=\"stylesheet\" href=\"/style.css\">\n</head>\n<body>"
    )?;
    out.push_str("<header>\n<h1>Mainstay</h1>\n");
    if !view.repository.is_empty() {
        write!(out, "<p class=\"from\"><code>{}</code>", Escaped(&view.repository))?;
        if !view.revision.is_empty() {
            write!(out, " at <code>{}</code>", Escaped(&view.revision))?;
        }
        out.push_str("</p>\n");
    }
    out.push_str("</header>\n<main>\n");
    Ok(())
}

fn banners(out: &mut String, view: &View, stale: bool) -> fmt::Result {
    let mut banner = |class: &str, word: &str, text: fmt::Arguments<'_>| {
        writeln!(
            out,
            "<p class=\"banner {class}\" role=\"status\"><strong>{word}</strong> {}</p>",
            Escaped(text)
        )
    };
    if let Some(failure) = &view.read_failure {
        banner(
            "bad",
            "The newest revision was not read.",
            format_args!("What was last good stays applied. {failure}"),
        )?;
    }
    if let Some(why) = not_ready(view, stale)
        && (stale || view.read_failure.is_none())
    {
        banner("warn", "Not ready.", format_args!("{why}"))?;
    }
    if view.observing {
        let text = "Changes are planned and watched, and none is made. To let Mainstay apply: start it with --adopt.";
        banner("calm", "Observing: nothing is written.", format_args!("{text}"))?;
    }
    let simulated = view.units.iter().filter(|u| u.simulated).count();
    if simulated > 0 {
        let text = format_args!(
            "{simulated} of {} units hold what only a simulated controller moves: nothing runs there.",
            view.units.len()
        );
        banner("calm", "Simulated.", text)?;
    }
    Ok(())
}

fn tiles(out: &mut String, view: &View, all: &RollUp, filter: &Filter) -> fmt::Result {
    out.push_str("<nav aria-label=\"Units by phase\"><ul class=\"tiles\">\n");
    let current = |yes: bool| if yes { " aria-current=\"true\"" } else { "" };
    writeln!(
        out,
        "<li><a href=\"/\"{}><b>{}</b><span>units</span></a></li>",
        current(filter.is_empty()),
        view.units.len()
    )?;
    let mut phases: Vec<(&String, &usize)> = all.phases.iter().collect();
    phases.sort_by_key(|(phase, _)| (look(phase).0, *phase));
    for (phase, count) in phases {
        let chosen = filter.phase.as_ref().is_some_and(|p| p.eq_ignore_ascii_case(phase));
        writeln!(
            out,
            "<li><a href=\"/?phase={}\"{}><b>{count}</b>{}</a></li>",
            InQuery(phase),
            current(chosen),
            mark(phase)
        )?;
    }
    out.push_str("</ul></nav>\n");
    Ok(())
}

fn problems(out: &mut String, problems: &[Problem]) -> fmt::Result {
    if problems.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<section aria-labelledby=\"problems\"><h2 id=\"problems\">Problems <small>{}</small></h2>",
        problems.len()
    )?;
    open_table(out, &["Severity", "Where", "What, and what to do"])?;
    for problem in problems.iter().take(ROWS) {
        let (class, sign) =
            if problem.severity.eq_ignore_ascii_case("error") { ("bad", "✗") } else { ("warn", "!") };
        write!(
            out,
            "<tr role=\"row\"><td role=\"cell\" data-label=\"Severity\"><span class=\"mark {class}\">\
             <span aria-hidden=\"true\">{sign}</span> {}</span></td><td role=\"cell\" data-label=\"Where\">",
            Escaped(&problem.severity)
        )?;
        match &problem.location {
            Some(location) => write!(out, "<code>{}</code>", Escaped(location))?,
            None => out.push_str("the repository as a whole"),
        }
        write!(
            out,
            "</td><td role=\"cell\" class=\"text\">{} <code>{}</code>",
            Escaped(&problem.message),
            Escaped(&problem.code)
        )?;
        if let Some(hint) = &problem.hint {
            write!(out, "<span class=\"note\">Hint: {}</span>", Escaped(hint))?;
        }
        out.push_str("</td></tr>\n");
    }
    close_table(out, problems.len(), "/api/v1/problems")
}

/// What goes on only when somebody says so.
fn waits_for_people(out: &mut String, view: &View) -> fmt::Result {
    let waiting: Vec<&UnitView> =
        view.units.iter().filter(|u| u.held.is_some() || u.suspended || u.phase == "Held").collect();
    if waiting.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<section aria-labelledby=\"held\"><h2 id=\"held\">Waits for somebody <small>{}</small></h2>",
        waiting.len()
    )?;
    open_table(out, &["Unit", "Why", "To go on"])?;
    for unit in waiting.iter().take(ROWS) {
        write!(
            out,
            "<tr role=\"row\"><th role=\"rowheader\" scope=\"row\">{}</th><td role=\"cell\" class=\"text\" data-label=\"Why\">{}</td>\
             <td role=\"cell\" data-label=\"To go on\">",
            Escaped(&unit.id),
            Escaped(&unit.message)
        )?;
        match &unit.held {
            Some(hash) => write!(out, "<code>mainstay approve {}</code>", Escaped(hash))?,
            None if unit.suspended => write!(out, "<code>mainstay resume {}</code>", Escaped(&unit.id))?,
            None => out.push_str("mend the cause in Git"),
        }
        out.push_str("</td></tr>\n");
    }
    close_table(out, waiting.len(), "/api/v1/units")
}

fn units(out: &mut String, view: &View, filter: &Filter) -> fmt::Result {
    let mut shown: Vec<&UnitView> = view.units.iter().filter(|u| filter.matches(u)).collect();
    // What is wrong first, then in the order in which units follow each other.
    shown.sort_by(|a, b| (look(&a.phase).0, a.wave, &a.id).cmp(&(look(&b.phase).0, b.wave, &b.id)));
    let note = if filter.is_empty() {
        format!("{}", shown.len())
    } else {
        format!("{} of {}, filtered", shown.len(), view.units.len())
    };
    writeln!(out, "<section aria-labelledby=\"units\"><h2 id=\"units\">Units <small>{note}</small></h2>")?;
    if shown.is_empty() {
        let why =
            if view.units.is_empty() { "No unit is declared yet." } else { "No unit matches the filter." };
        writeln!(out, "<p>{why}</p></section>")?;
        return Ok(());
    }
    open_table(out, &["Unit", "Phase", "Health", "Cluster", "Tenant", "Objects", "Message"])?;
    for unit in shown.iter().take(ROWS) {
        row(out, unit)?;
    }
    close_table(out, shown.len(), "/api/v1/units")
}

fn row(out: &mut String, unit: &UnitView) -> fmt::Result {
    write!(out, "<tr role=\"row\"><th role=\"rowheader\" scope=\"row\">{}", Escaped(&unit.id))?;
    if !unit.depends_on.is_empty() {
        let names: Vec<String> = unit.depends_on.iter().map(ToString::to_string).collect();
        write!(out, "<span class=\"note\">after {}</span>", Escaped(names.join(", ")))?;
    }
    write!(out, "</th><td role=\"cell\" data-label=\"Phase\">{}", mark(&unit.phase))?;
    if unit.suspended && unit.phase != "Suspended" {
        write!(out, " {}", mark("Suspended"))?;
    }
    let (class, sign) = health(unit.health);
    write!(
        out,
        "</td><td role=\"cell\" data-label=\"Health\"><span class=\"mark {class}\"><span aria-hidden=\"true\">{sign}</span> {}</span>",
        unit.health
    )?;
    if unit.simulated {
        out.push_str(" <span class=\"mark calm\">simulated</span>");
    }
    writeln!(
        out,
        "</td><td role=\"cell\" data-label=\"Cluster\">{}</td><td role=\"cell\" data-label=\"Tenant\">{}</td>\
         <td role=\"cell\" class=\"number\" data-label=\"Objects\">{}</td>\
         <td role=\"cell\" class=\"text\" data-label=\"Message\">{}</td></tr>",
        Escaped(cluster(&unit.cluster)),
        Escaped(&unit.tenant),
        unit.objects,
        Escaped(&unit.message)
    )
}

fn groups(out: &mut String, title: &str, key: &str, groups: &BTreeMap<&str, RollUp>) -> fmt::Result {
    if groups.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<section aria-labelledby=\"by-{key}\"><h2 id=\"by-{key}\">{title} <small>{}</small></h2>\n\
         <div class=\"card\"><table><thead><tr><th scope=\"col\">Name</th><th scope=\"col\" class=\"number\">Ready</th>\
         <th scope=\"col\" class=\"number\">Failed</th><th scope=\"col\" class=\"number\">Units</th></tr></thead><tbody>",
        groups.len()
    )?;
    for (name, counts) in groups.iter().take(ROWS) {
        let shown = if key == "cluster" { cluster(name) } else { name };
        writeln!(
            out,
            "<tr><th scope=\"row\"><a href=\"/?{key}={}\">{}</a></th><td class=\"number\">{}</td>\
             <td class=\"number\">{}</td><td class=\"number\">{}</td></tr>",
            InQuery(name),
            Escaped(shown),
            counts.ready,
            counts.failed,
            counts.units
        )?;
    }
    close_table(out, groups.len(), &format!("/api/v1/{key}s"))
}

/// The roles are said aloud because the style turns rows into blocks on narrow screens, where browsers drop them.
fn open_table(out: &mut String, columns: &[&str]) -> fmt::Result {
    out.push_str("<div class=\"card\"><table class=\"stack\" role=\"table\"><thead role=\"rowgroup\"><tr role=\"row\">");
    for column in columns {
        let class = if *column == "Objects" { " class=\"number\"" } else { "" };
        write!(out, "<th role=\"columnheader\" scope=\"col\"{class}>{column}</th>")?;
    }
    out.push_str("</tr></thead><tbody role=\"rowgroup\">\n");
    Ok(())
}

fn close_table(out: &mut String, rows: usize, rest: &str) -> fmt::Result {
    out.push_str("</tbody></table></div>");
    if rows > ROWS {
        write!(out, "<p>{} more: <a href=\"{rest}\">all as JSON</a></p>", rows - ROWS)?;
    }
    out.push_str("</section>\n");
    Ok(())
}

fn cluster(name: &str) -> &str {
    if name.is_empty() { "management" } else { name }
}

fn mark(phase: &str) -> String {
    let (_, class, sign) = look(phase);
    format!("<span class=\"mark {class}\"><span aria-hidden=\"true\">{sign}</span> {}</span>", Escaped(phase))
}

/// A phase's place in the table, its colour, and a sign for those who do not see the colour.
fn look(phase: &str) -> (u8, &'static str, &'static str) {
    match phase {
        "Failed" => (0, "bad", "✗"),
        "Held" => (1, "warn", "‖"),
        "Deleting" => (2, "warn", "−"),
        "NotRendered" => (3, "warn", "?"),
        "Applying" => (4, "calm", "→"),
        "Progressing" => (5, "calm", "…"),
        "Waiting" => (6, "calm", "◦"),
        "Suspended" => (7, "calm", "‖"),
        "Ready" => (9, "good", "✓"),
        _ => (8, "calm", "·"),
    }
}

fn health(status: HealthStatus) -> (&'static str, &'static str) {
    match status {
        HealthStatus::Healthy => ("good", "✓"),
        HealthStatus::Suspended => ("calm", "‖"),
        HealthStatus::Progressing => ("calm", "…"),
        HealthStatus::Unknown => ("warn", "?"),
        HealthStatus::Missing => ("warn", "−"),
        HealthStatus::Degraded => ("bad", "✗"),
    }
}
