use crate::network::Transport;
use crate::{Cluster, connections};
use kube::Config;
use kube::config::{KubeConfigOptions, Kubeconfig};
use std::path::Path;
use thiserror::Error;

#[derive(Debug, Error)]
pub enum ConnectError {
    #[error("the kubeconfig can't be read: {0}")]
    Unreadable(String),
    #[error("the kubeconfig is refused: {0}")]
    Refused(KubeconfigFault),
    #[error("no client can be made from the kubeconfig: {0}")]
    Unusable(String),
}

/// What a kubeconfig out of a Secret may not ask of the machine that reads it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KubeconfigFault {
    #[error("user {0:?} runs a program (exec)")]
    Exec(String),
    #[error("user {0:?} uses an auth-provider")]
    AuthProvider(String),
    #[error("{0:?} names a file; only inline data is allowed")]
    File(String),
    #[error("cluster {0:?} skips the verification of its server's certificate")]
    Insecure(String),
}

const USER_AGENT: &str = concat!("mainstay/", env!("CARGO_PKG_VERSION"));

impl Cluster {
    /// From a file of the user's own: everything that kubectl allows. An empty context means the current one.
    pub async fn from_file(path: &Path, context: Option<&str>) -> Result<Self, ConnectError> {
        let kubeconfig = Kubeconfig::read_from(path).map_err(|e| ConnectError::Unreadable(e.to_string()))?;
        Self::from_config(kubeconfig, context).await
    }

    /// From the environment: `KUBECONFIG`, `~/.kube/config` or the pod's service account.
    pub async fn from_environment(context: Option<&str>) -> Result<Self, ConnectError> {
        let options =
            KubeConfigOptions { context: context.map(str::to_owned), ..KubeConfigOptions::default() };
        let config = match Config::from_kubeconfig(&options).await {
            Ok(config) => config,
            Err(first) => match Config::incluster() {
                Ok(config) if context.is_none() => config,
                _ => return Err(ConnectError::Unreadable(first.to_string())),
            },
        };
        Self::from_ready_config(config)
    }

    /// Another API server, reached as this one is: by the content of a Secret, inline data only.
    pub async fn sibling(&self, text: &str) -> Result<Self, ConnectError> {
        let kubeconfig = inline(text)?;
        let other = match &self.transport {
            Transport::Client(_) => Self::from_config(kubeconfig, None).await?,
            Transport::Network { network, .. } => {
                let first =
                    kubeconfig.clusters.iter().find_map(|named| named.cluster.as_ref()?.server.clone());
                let server = first.ok_or_else(|| ConnectError::Unusable("it names no server".to_owned()))?;
                Self::on_network(network.clone(), &server)
            }
        };
        Ok(Self { fence: self.fence.clone(), relist: self.relist, ..other })
    }

    async fn from_config(kubeconfig: Kubeconfig, context: Option<&str>) -> Result<Self, ConnectError> {
        let options =
            KubeConfigOptions { context: context.map(str::to_owned), ..KubeConfigOptions::default() };
        let config = Config::from_custom_kubeconfig(kubeconfig, &options)
            .await
            .map_err(|e| ConnectError::Unusable(e.to_string()))?;
        Self::from_ready_config(config)
    }

    fn from_ready_config(mut config: Config) -> Result<Self, ConnectError> {
        config.default_retry = false;
        // Audit logs and flow schemas tell who asks by it.
        config.headers.push((http::header::USER_AGENT, http::HeaderValue::from_static(USER_AGENT)));
        let client = connections::client(&config).map_err(|e| ConnectError::Unusable(e.to_string()))?;
        Ok(Self::from_client(client))
    }
}

pub(crate) fn inline(text: &str) -> Result<Kubeconfig, ConnectError> {
    let kubeconfig = Kubeconfig::from_yaml(text).map_err(|_| {
        // The parser's message may quote the content.
        ConnectError::Unreadable("it is not a kubeconfig in YAML".into())
    })?;
    refuse_foreign(&kubeconfig).map_err(ConnectError::Refused)?;
    Ok(kubeconfig)
}

fn refuse_foreign(kubeconfig: &Kubeconfig) -> Result<(), KubeconfigFault> {
    for named in &kubeconfig.auth_infos {
        let Some(user) = &named.auth_info else { continue };
        if user.exec.is_some() {
            return Err(KubeconfigFault::Exec(named.name.clone()));
        }
        if user.auth_provider.is_some() {
            return Err(KubeconfigFault::AuthProvider(named.name.clone()));
        }
        if user.token_file.is_some() || user.client_certificate.is_some() || user.client_key.is_some() {
            return Err(KubeconfigFault::File(named.name.clone()));
        }
    }
    for named in &kubeconfig.clusters {
        let Some(cluster) = &named.cluster else { continue };
        if cluster.certificate_authority.is_some() {
            return Err(KubeconfigFault::File(named.name.clone()));
        }
        if cluster.insecure_skip_tls_verify == Some(true) {
            return Err(KubeconfigFault::Insecure(named.name.clone()));
        }
    }
    Ok(())
}
