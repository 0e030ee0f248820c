use crate::fields::{Condition, Fields};
use mainstay_unit::Health;

pub(super) fn claim(f: &Fields<'_>) -> Health {
    for kind in ["ControllerResizeError", "NodeResizeError", "ModifyVolumeError"] {
        if let Some(failed) = f.condition(kind).filter(Condition::is_true) {
            return Health::degraded(failed.describe(kind));
        }
    }
    if let Some(resizing) =
        f.text("/status/allocatedResourceStatuses/storage").strip_suffix("ResizeInfeasible")
    {
        return Health::degraded(format!("its volume can't grow ({resizing} refuses)"));
    }
    match f.text("/status/phase") {
        "Bound" => Health::healthy("it is bound"),
        "Lost" => Health::degraded("its volume is lost"),
        "" => Health::progressing("nobody has looked at it yet"),
        phase => Health::progressing(format!("its phase is {phase}")),
    }
}

pub(super) fn volume(f: &Fields<'_>) -> Health {
    match f.text("/status/phase") {
        phase @ ("Bound" | "Available" | "Released") => Health::healthy(format!("its phase is {phase}")),
        "Failed" => Health::degraded(match f.text("/status/message") {
            "" => "its reclamation has failed",
            message => message,
        }),
        "" => Health::progressing("nobody has looked at it yet"),
        phase => Health::progressing(format!("its phase is {phase}")),
    }
}

pub(super) fn attachment(f: &Fields<'_>) -> Health {
    for error in ["/status/attachError", "/status/detachError"] {
        if f.has(error) {
            return Health::degraded(f.text(&format!("{error}/message")));
        }
    }
    if f.flag("/status/attached") {
        return Health::healthy("it is attached");
    }
    Health::progressing("it is not attached yet")
}
