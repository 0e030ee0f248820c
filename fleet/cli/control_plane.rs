use crate::exit::{Exit, Failure};
use crate::management::block_on;
use mainstay_apiserver::shell::{Options, serve};
use mainstay_sim::Simulator;
use std::net::SocketAddr;
use std::path::PathBuf;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Keep objects in this folder; in memory if absent
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Where the administrator's kubeconfig is written
    #[arg(long, default_value = "kubeconfig", value_name = "FILE")]
    kubeconfig: PathBuf,
    /// Leave workloads as they are: nothing makes them ready
    #[arg(long)]
    no_simulation: bool,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    block_on(async {
        let options = Options {
            listen: args.listen,
            data_dir: args.data_dir.clone(),
            kubeconfig: Some(args.kubeconfig.clone()),
            hosts: Vec::new(),
        };
        let serving = serve(&options).await.map_err(|e| Failure::environment(e.to_string()))?;
        let simulator =
            (!args.no_simulation).then(|| Simulator::start(&serving.plane, mainstay_sim::Options::default()));
        println!("serving {}", serving.url);
        println!("export KUBECONFIG={}", args.kubeconfig.display());
        serving.until(crate::run::signalled()).await;
        drop(simulator);
        Ok(Exit::Done)
    })
}
