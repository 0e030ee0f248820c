use crate::fields::Fields;
use mainstay_object::Value;
use mainstay_unit::Health;

pub(super) fn pod(f: &Fields<'_>) -> Health {
    match f.text("/status/phase") {
        "Succeeded" => return Health::healthy("it has succeeded"),
        "Failed" => return Health::degraded(failure(f)),
        _ => {}
    }
    if let Some(stuck) = containers(f).find_map(|status| stuck(&status)) {
        return Health::degraded(stuck);
    }
    match f.text("/status/phase") {
        "Running" => match f.condition("Ready") {
            Some(c) if c.is_true() => Health::healthy("it runs and is ready"),
            Some(c) => Health::progressing(
                containers(f).find_map(|status| waiting(&status)).unwrap_or_else(|| c.describe("Ready")),
            ),
            None => Health::progressing("it runs and is not ready"),
        },
        "Pending" => match f.condition("PodScheduled") {
            Some(c) if c.is_false() => Health::progressing(c.why()),
            Some(_) | None => Health::progressing(
                containers(f)
                    .find_map(|status| waiting(&status))
                    .unwrap_or_else(|| "it is pending".to_owned()),
            ),
        },
        "" => Health::progressing("nobody has scheduled it yet"),
        other => Health::unknown(format!("its phase is {other}")),
    }
}

/// Reasons for which a container waits in vain.
const STUCK: [&str; 11] = [
    "CrashLoopBackOff",
    "ImagePullBackOff",
    "ErrImagePull",
    "ErrImageNeverPull",
    "InvalidImageName",
    "ImageInspectError",
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
    "PreStartHookError",
    "PostStartHookError",
];

fn containers<'a>(f: &Fields<'a>) -> impl Iterator<Item = Fields<'a>> {
    f.list("/status/initContainerStatuses").iter().chain(f.list("/status/containerStatuses")).map(Fields)
}

fn stuck(container: &Fields<'_>) -> Option<String> {
    let reason = container.text("/state/waiting/reason");
    if !STUCK.contains(&reason) {
        return None;
    }
    let mut said = told(container, reason, container.text("/state/waiting/message"));
    if let Some(ended) = container.0.pointer("/lastState/terminated") {
        said.push_str(&format!("; it ended last with {}", exit(ended)));
    }
    Some(said)
}

fn waiting(container: &Fields<'_>) -> Option<String> {
    let reason = container.text("/state/waiting/reason");
    (!reason.is_empty()).then(|| told(container, reason, container.text("/state/waiting/message")))
}

fn told(container: &Fields<'_>, reason: &str, message: &str) -> String {
    match message {
        "" => format!("container {}: {reason}", container.text("/name")),
        message => format!("container {}: {reason}: {message}", container.text("/name")),
    }
}

/// Why a pod has failed: its own message, else the first container that did not end well.
fn failure(f: &Fields<'_>) -> String {
    match (f.text("/status/reason"), f.text("/status/message")) {
        ("", "") => {}
        (reason, "") => return reason.to_owned(),
        ("", message) => return message.to_owned(),
        (reason, message) => return format!("{reason}: {message}"),
    }
    let ended = containers(f).find_map(|container| {
        let ended = container.0.pointer("/state/terminated")?;
        (Fields(ended).count("/exitCode") != 0)
            .then(|| format!("container {} ended with {}", container.text("/name"), exit(ended)))
    });
    ended.unwrap_or_else(|| "it has failed".to_owned())
}

fn exit(ended: &Value) -> String {
    let ended = Fields(ended);
    let mut said = format!("exit code {}", ended.count("/exitCode"));
    for more in [ended.text("/reason"), ended.text("/message")] {
        if !more.is_empty() && more != "Error" {
            said.push_str(&format!(", {more}"));
        }
    }
    said
}
