use crate::{UnitView, View};
use mainstay_unit::{HealthStatus, UnitId};

fn unit(tenant: &str, name: &str, cluster: &str, phase: &str, health: HealthStatus) -> UnitView {
    UnitView {
        id: UnitId::new("module", tenant, name, cluster),
        role: "Module".into(),
        tenant: tenant.into(),
        cluster: cluster.into(),
        wave: 0,
        phase: phase.into(),
        health,
        message: String::new(),
        revision: String::new(),
        objects: 0,
        depends_on: vec![],
        simulated: false,
        suspended: false,
        held: None,
    }
}

#[test]
fn a_roll_up_counts_units_by_tenant_and_cluster() {
    let view = View {
        units: vec![
            unit("a", "x", "c1", "Ready", HealthStatus::Healthy),
            unit("a", "y", "c2", "Failed", HealthStatus::Degraded),
            unit("b", "z", "c2", "Waiting", HealthStatus::Unknown),
        ],
        ..View::default()
    };
    let all = view.roll_up();
    assert_eq!((all.units, all.ready, all.failed), (3, 1, 1));
    assert_eq!(view.by_tenant()["a"].units, 2);
    assert_eq!(view.by_cluster()["c2"].health["Degraded"], 1);
}
