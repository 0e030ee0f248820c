use mainstay_unit::{Gate, Reading, RenderState, Target};

/// Every unit with its state, what it renders, its parent and its edges.
pub(super) fn draw(reading: &Reading) -> String {
    let mut out = String::new();
    for (id, reading) in &reading.units {
        let unit = &reading.unit;
        let state = match &reading.state {
            RenderState::Rendered(rendered) => format!("{} objects", rendered.objects.len()),
            RenderState::NotRendered { reason } => format!("not rendered: {reason}"),
            RenderState::Failed { first } => format!("failed: {}", first.message),
        };
        let gate = match unit.gate {
            Gate::Healthy => "healthy",
            Gate::Checks => "checks",
            Gate::Applied => "applied",
        };
        out.push_str(&format!("{id} [{gate}] {state}\n"));
        if let Target::Workload(workload) = &unit.target {
            let (namespace, name) = (&workload.secret_namespace, &workload.secret_name);
            out.push_str(&format!("  on {} ({namespace}/{name})\n", unit.target.name()));
        }
        if let Some(account) = &unit.service_account {
            out.push_str(&format!("  as {}/{}\n", account.namespace, account.name));
        }
        if let Some(parent) = &reading.parent {
            out.push_str(&format!("  from {parent}\n"));
        }
        for dependency in &unit.depends_on {
            out.push_str(&format!("  after {}\n", dependency.on));
        }
        for check in &unit.health_checks {
            out.push_str(&format!("  checks {}\n", check.key));
        }
        if let RenderState::Rendered(rendered) = &reading.state {
            for desired in &rendered.objects {
                out.push_str(&format!("  {}\n", desired.key));
            }
        }
    }
    out
}
