use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Truth {
    True,
    False,
    Unknown,
}

/// A condition as the Kubernetes API conventions write it (metav1.Condition).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    #[serde(rename = "type")]
    pub kind: String,
    pub status: Truth,
    pub reason: String,
    #[serde(default)]
    pub message: String,
    /// RFC 3339, seconds. Changes only with `status`.
    pub last_transition_time: String,
}

impl Condition {
    /// Puts a condition in its place by type; the transition time moves only when the status does.
    pub fn set(list: &mut Vec<Self>, mut new: Self) {
        match list.iter_mut().find(|c| c.kind == new.kind) {
            Some(old) => {
                if old.status == new.status {
                    new.last_transition_time.clone_from(&old.last_transition_time);
                }
                *old = new;
            }
            None => {
                list.push(new);
                list.sort_by(|a, b| a.kind.cmp(&b.kind));
            }
        }
    }
}
