//! Platform repositories that benches write and read.

use crate::exit::Failure;
use crate::repository::{Repository, RepositoryArgs};
use crate::state::State;
use mainstay_git::Author;
use mainstay_runtime::{Answers, Earlier, Read, Reader, Sources};
use mainstay_unit::Reading;
use mainstay_unit::tree::TreePath;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(super) type File = (TreePath, Vec<u8>);

pub(super) fn author() -> Author {
    Author {
        name: "Bench".into(),
        email: "bench@mainstay.invalid".into(),
        time: jiff::Timestamp::now().as_second(),
    }
}

pub(super) fn file(path: String, text: String) -> Result<File, Failure> {
    let path = TreePath::parse(&path).map_err(|e| Failure::internal(e.to_string()))?;
    Ok((path, text.into_bytes()))
}

/// A mirror of its own, which is not filled yet.
pub(super) fn sources(folder: &Path, repository: &Path, name: &str) -> Result<Repository, Failure> {
    let state = State::at(folder.join(name));
    state.create()?;
    let place =
        RepositoryArgs { repository: repository.display().to_string(), ..RepositoryArgs::local_head() };
    place.open(&state, "run")
}

pub(super) fn reader<S: Sources>(sources: S) -> Reader<S> {
    Reader::new(sources, TreePath::root(), Earlier::default())
}

pub(super) fn next(reader: &mut Reader<impl Sources>) -> Result<(Arc<Reading>, Duration), Failure> {
    let begun = Instant::now();
    let read = reader.next(&Answers::Nobody).pop();
    let took = begun.elapsed();
    match read {
        Some(Read::Newest(reading)) => {
            let error = reading.errors().next().map(ToString::to_string);
            error.map_or(Ok((reading, took)), |error| Err(Failure::internal(error)))
        }
        Some(Read::Failed(why)) => Err(Failure::environment(why)),
        Some(Read::Past(_) | Read::Rules { .. }) | None => Err(Failure::internal("nothing was read")),
    }
}

/// A repository with these files, and its revision as a daemon reads it, with how long that takes.
pub(super) fn read(folder: &Path, files: &[File]) -> Result<(Arc<Reading>, Duration), Failure> {
    let repository = folder.join("platform");
    mainstay_git::init(&repository, files, "The fleet", &author())?;
    next(&mut reader(sources(folder, &repository, "state")?))
}

/// A unit on the management cluster.
pub(super) fn module(name: &str) -> String {
    format!(
        "apiVersion: mainstay.dev/v1alpha1\nkind: Module\nmetadata:\n  name: {name}\nspec:\n  source:\n    path: units/{name}\n  clusters:\n    management: true\n  timeout: 20m\n"
    )
}
