use super::step;
use crate::execute::Deployed;
use mainstay_object::ObjectKey;
use mainstay_plan::{Action, Step};
use mainstay_reconcile::RunKind;
use mainstay_unit::{Hook, Moment};
use std::collections::BTreeSet;

/// Which hooks a release runs.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Runs {
    /// Helm has deployed this very release.
    Nothing,
    Those(RunKind),
    /// It could not be told; why.
    Unknown(String),
}

/// `first`: no unit has released it yet. `known`: what Helm has deployed, or why that can't be read.
pub(super) fn runs(first: bool, known: Result<Option<Deployed>, String>) -> Runs {
    match known {
        Err(why) => Runs::Unknown(why),
        Ok(Some(deployed)) if deployed.is_this() => Runs::Nothing,
        Ok(Some(deployed)) if deployed.was_deployed => Runs::Those(RunKind::Upgrade),
        Ok(_) if first => Runs::Those(RunKind::Install),
        Ok(_) => Runs::Those(RunKind::Upgrade),
    }
}

/// Before the objects, and after them.
pub(super) fn steps(hooks: &[Hook], runs: &Runs) -> [Vec<Step>; 2] {
    match runs {
        Runs::Nothing => [Vec::new(), Vec::new()],
        Runs::Those(kind) => kind.moments().map(|moment| {
            let run = |hook: &Hook| {
                let reason = format!("{} hook, weight {}", moment.word(), hook.weight);
                step(Action::Run, hook.manifest.key.clone(), &reason)
            };
            Hook::at(hooks, moment).into_iter().map(run).collect()
        }),
        // The daemon runs none of them before it has read it either.
        Runs::Unknown(why) => {
            let [install, upgrade] = [RunKind::Install, RunKind::Upgrade].map(RunKind::moments);
            [0, 1].map(|side| {
                either(hooks, [install[side], upgrade[side]])
                    .map(|key| {
                        step(Action::Blocked, key, &format!("whether this hook runs is not known: {why}"))
                    })
                    .collect()
            })
        }
    }
}

fn either(hooks: &[Hook], moments: [Moment; 2]) -> impl Iterator<Item = ObjectKey> {
    let mut seen = BTreeSet::new();
    let all = moments.into_iter().flat_map(|moment| Hook::at(hooks, moment));
    all.map(|hook| hook.manifest.key.clone()).filter(move |key| seen.insert(key.clone()))
}

#[cfg(test)]
mod tests {
    use super::{Runs, runs, steps};
    use crate::execute::Deployed;
    use mainstay_diagnostic::Location;
    use mainstay_object::{DigestKey, Object};
    use mainstay_reconcile::RunKind;
    use mainstay_unit::{Desired, Hook, HookDeletion, Manifest, Moment, Secrecy};
    use serde_json::json;
    use std::collections::BTreeSet;

    fn deployed(status: &str, was_deployed: bool, otherwise: &[&str]) -> Deployed {
        let otherwise = otherwise.iter().map(|name| (*name).to_owned()).collect();
        Deployed { number: 1, status: status.to_owned(), was_deployed, otherwise, objects: Vec::new() }
    }

    fn hook(name: &str, moments: &[Moment]) -> Hook {
        let job =
            json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"namespace": "web", "name": name}});
        let desired =
            Desired { object: Object::new(job).expect("an object"), origin: Location::file("chart.yaml") };
        let secrecy = Secrecy { key: &DigestKey([7; 32]), sensitive: &BTreeSet::new() };
        Hook {
            manifest: Manifest::pack(vec![desired], None, secrecy).remove(0),
            moments: moments.iter().copied().collect(),
            weight: 0,
            deletion: BTreeSet::from([HookDeletion::BeforeCreation]),
        }
    }

    fn told(hooks: &[Hook], runs: &Runs) -> Vec<String> {
        let [before, after] = steps(hooks, runs);
        let text = |step: mainstay_plan::Step| {
            format!("{} {} ({})", step.action.sign(), step.key.name(), step.reason)
        };
        before
            .into_iter()
            .map(text)
            .chain(["objects".to_owned()])
            .chain(after.into_iter().map(text))
            .collect()
    }

    #[test]
    fn a_release_is_an_installation_only_if_helm_was_asked_and_knows_none() {
        assert_eq!(runs(true, Ok(None)), Runs::Those(RunKind::Install));
        assert_eq!(runs(true, Ok(Some(deployed("failed", false, &[])))), Runs::Those(RunKind::Install));
        assert_eq!(
            runs(true, Ok(Some(deployed("deployed", true, &["values"])))),
            Runs::Those(RunKind::Upgrade)
        );
        assert_eq!(runs(true, Ok(Some(deployed("deployed", true, &[])))), Runs::Nothing);
        assert_eq!(runs(false, Ok(None)), Runs::Those(RunKind::Upgrade));
        assert_eq!(runs(true, Err("forbidden".to_owned())), Runs::Unknown("forbidden".to_owned()));
    }

    #[test]
    fn hooks_of_which_it_is_not_known_whether_they_run_are_blocked_each_once_with_the_reason() {
        let hooks = [
            hook("both", &[Moment::PreInstall, Moment::PreUpgrade]),
            hook("later", &[Moment::PostInstall]),
            hook("never", &[Moment::PreDelete]),
        ];
        let unknown = Runs::Unknown("the server answered 500: broken".to_owned());
        let why = "whether this hook runs is not known: the server answered 500: broken";
        assert_eq!(
            told(&hooks, &unknown),
            [format!("! both ({why})"), "objects".to_owned(), format!("! later ({why})")]
        );
        let install = told(&hooks, &Runs::Those(RunKind::Install));
        assert_eq!(
            install,
            ["> both (pre-install hook, weight 0)", "objects", "> later (post-install hook, weight 0)"]
        );
        assert_eq!(told(&hooks, &Runs::Nothing), ["objects"]);
    }
}
