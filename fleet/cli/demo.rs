use crate::exit::{Exit, Failure};
use crate::management::{ClusterArgs, block_on};
use crate::repository::RepositoryArgs;
use crate::run;
use crate::state::{State, StateArgs};
use mainstay_git::Author;
use mainstay_unit::tree::TreePath;
use rust_embed::RustEmbed;
use std::net::SocketAddr;
use std::path::PathBuf;

/// The quickstart, as it lies in the project.
#[derive(RustEmbed)]
#[folder = "examples/quickstart"]
struct Quickstart;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Folder for the example; made if absent, and taken up again if it holds one
    #[arg(default_value = "mainstay-demo")]
    dir: PathBuf,
    /// Exit once every unit is ready
    #[arg(long)]
    once: bool,
    /// Address of the status page
    #[arg(long, env = "MAINSTAY_LISTEN", default_value = "127.0.0.1:7780")]
    listen: SocketAddr,
}

pub(crate) fn run(args: Args) -> Result<Exit, Failure> {
    if args.dir.join(".git").exists() {
        println!("Taking up the platform repository in {}.", args.dir.display());
    } else {
        write(&args.dir)?;
        println!("Wrote an example platform repository to {}.", args.dir.display());
    }
    let state = State::at(args.dir.join(".mainstay"));
    state.create()?;
    let shown = args.dir.display();
    println!(
        "\nLook at it from another terminal:\n  cd {shown}\n  mainstay get units\n  mainstay tree\n  \
         kubectl --kubeconfig .mainstay/kubeconfig get units\n  and in a browser: http://{}/\n\n\
         Change it: edit a file, commit it, and see `mainstay get units` again.\n",
        args.listen
    );
    let run = run::Args {
        repository: RepositoryArgs {
            repository: args.dir.display().to_string(),
            ..RepositoryArgs::local_head()
        },
        cluster: ClusterArgs {
            kubeconfig: None,
            context: None,
            state: StateArgs { state_dir: Some(state.path().to_path_buf()) },
        },
        embedded: true,
        observe: false,
        adopt: false,
        interval: 60,
        listen: args.listen,
        control_plane_listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        lease_duration: 15,
        concurrency: 16,
        connect_timeout: 0,
        until_ready: args.once,
        timeout: 120,
    };
    block_on(run::follow(run, state))
}

fn write(dir: &std::path::Path) -> Result<(), Failure> {
    if dir.read_dir().is_ok_and(|mut d| d.next().is_some()) {
        return Err(
            Failure::user(format!("{} holds something else", dir.display())).hint("name another folder")
        );
    }
    let mut files = vec![(place(".gitignore")?, b"/.mainstay\n".to_vec())];
    for name in Quickstart::iter() {
        let file = Quickstart::get(&name).ok_or_else(|| Failure::internal(format!("{name} is missing")))?;
        files.push((place(&name)?, file.data.to_vec()));
    }
    let author = Author {
        name: "Mainstay demo".into(),
        email: "demo@mainstay.invalid".into(),
        time: jiff::Timestamp::now().as_second(),
    };
    mainstay_git::init(dir, &files, "A platform of two tenants and three clusters", &author)?;
    Ok(())
}

fn place(name: &str) -> Result<TreePath, Failure> {
    TreePath::parse(name).map_err(|e| Failure::internal(e.to_string()))
}
