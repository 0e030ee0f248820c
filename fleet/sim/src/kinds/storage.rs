use super::Written;
use crate::behaviour::Phase;
use crate::simulate::Scene;

/// A claim is bound to what it asked for; one that fails stays pending.
pub(super) fn claim(scene: &Scene<'_>) -> Written {
    let spec = &scene.object["spec"];
    let mut status = scene.old.clone();
    status["phase"] = match &scene.phase {
        Phase::Ready => "Bound",
        Phase::Failing { reason } if reason == "Lost" => "Lost",
        Phase::Failing { .. } | Phase::Progressing { .. } => "Pending",
    }
    .into();
    if scene.phase == Phase::Ready {
        status["accessModes"] = spec["accessModes"].clone();
        status["capacity"] = spec["resources"]["requests"].clone();
    } else if let Some(fields) = status.as_object_mut() {
        fields.remove("accessModes");
        fields.remove("capacity");
    }
    Some((status, None))
}
