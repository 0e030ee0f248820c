use crate::fields::{Condition, Fields};
use mainstay_expr::Timestamp;
use mainstay_unit::Health;

pub(super) fn job(f: &Fields<'_>) -> Health {
    for kind in ["Failed", "FailureTarget"] {
        if let Some(failed) = f.condition(kind).filter(Condition::is_true) {
            return Health::degraded(failed.why());
        }
    }
    if f.condition("Complete").is_some_and(|c| c.is_true()) {
        return Health::healthy("it is complete");
    }
    if f.flag("/spec/suspend") || f.condition("Suspended").is_some_and(|c| c.is_true()) {
        return Health::suspended("the job is suspended");
    }
    let (active, failed) = (f.count("/status/active"), f.count("/status/failed"));
    Health::progressing(format!("{active} pods are active, {failed} have failed"))
}

/// A schedule works if the last job that it started and that has ended has succeeded.
pub(super) fn cron_job(f: &Fields<'_>) -> Health {
    if f.flag("/spec/suspend") {
        return Health::suspended("the schedule is suspended");
    }
    if !f.list("/status/active").is_empty() {
        return Health::healthy("a job of it is running");
    }
    let time = |pointer: &str| Timestamp::parse(f.text(pointer));
    match (time("/status/lastScheduleTime"), time("/status/lastSuccessfulTime")) {
        (None, _) => Health::healthy("it is scheduled and has not been due yet"),
        (Some(started), Some(succeeded)) if succeeded.nanos() >= started.nanos() => {
            Health::healthy("its last job has succeeded")
        }
        (Some(_), Some(_)) => Health::degraded("its last job has not succeeded"),
        (Some(_), None) => Health::degraded("no job of it has succeeded"),
    }
}
