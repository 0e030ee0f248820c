use crate::exit::{Exit, Failure};
use clap::Command;
use std::path::PathBuf;

#[derive(clap::Args)]
pub(crate) struct Args {
    shell: clap_complete::Shell,
}

#[derive(clap::Args)]
pub(crate) struct ManArgs {
    /// Folder that the pages are written to
    dir: PathBuf,
}

pub(crate) fn run(args: &Args, mut command: Command) -> Result<Exit, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut command, "mainstay", &mut text);
    crate::output::print(&String::from_utf8_lossy(&text))?;
    Ok(Exit::Done)
}

pub(crate) fn man(args: &ManArgs, command: Command) -> Result<Exit, Failure> {
    let failed =
        |e: std::io::Error| Failure::environment(format!("{} can't be written: {e}", args.dir.display()));
    std::fs::create_dir_all(&args.dir).map_err(failed)?;
    clap_mangen::generate_to(command, &args.dir).map_err(failed)?;
    Ok(Exit::Done)
}
