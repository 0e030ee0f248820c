//! What a process may reach. A thread is confined, and what it starts inherits that: nothing has to be done between fork
//! and exec.
use std::path::{Path, PathBuf};

/// What a program is linked with, and the rules of time zones, which templates ask for. No secret lies there.
pub(crate) const SHARED: [&str; 7] =
    ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache", "/nix/store", "/usr/share/zoneinfo"];

/// What may be looked at, where the kernel has Landlock.
pub(crate) struct Sandbox {
    /// Read and executed.
    pub programs: Vec<PathBuf>,
    /// Read and written.
    pub room: PathBuf,
}

impl Sandbox {
    pub(crate) fn of(program: &Path, shared: &[PathBuf], room: &Path) -> Self {
        let programs = shared.iter().cloned().chain([program.to_owned()]);
        Self { programs: programs.collect(), room: room.to_owned() }
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use super::Sandbox;
    use landlock::{
        ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreatedAttr,
        RulesetStatus, Scope, path_beneath_rules,
    };
    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch, apply_filter};
    use std::collections::BTreeMap;
    use std::sync::Once;

    /// Refused to whatever is started: sockets, however they are made; looking into other processes, the daemon's
    /// memory above all; signals to them; the kernel's keys, programs, mounts and namespaces.
    const REFUSED: [i64; 22] = [
        libc::SYS_socket,
        libc::SYS_socketpair,
        libc::SYS_connect,
        libc::SYS_bind,
        libc::SYS_io_uring_setup,
        libc::SYS_io_uring_enter,
        libc::SYS_io_uring_register,
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_pidfd_open,
        libc::SYS_pidfd_getfd,
        libc::SYS_pidfd_send_signal,
        libc::SYS_kill,
        libc::SYS_setsid,
        libc::SYS_bpf,
        libc::SYS_perf_event_open,
        libc::SYS_userfaultfd,
        libc::SYS_mount,
        libc::SYS_unshare,
        libc::SYS_setns,
        libc::SYS_keyctl,
    ];

    /// Calls of the x32 interface go to the same kernel under other numbers.
    #[cfg(target_arch = "x86_64")]
    const INTERFACES: [i64; 2] = [0, 0x4000_0000];
    #[cfg(not(target_arch = "x86_64"))]
    const INTERFACES: [i64; 1] = [0];

    impl Sandbox {
        /// Confines this thread for good, and whatever it starts from now on. An error where it could reach the network.
        /// Answers whether it is kept from files as well.
        pub(crate) fn enter(&self) -> Result<bool, String> {
            let files = match self.files() {
                Ok(RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced) => true,
                Ok(RulesetStatus::NotEnforced) => open("the kernel has no Landlock"),
                Err(error) => open(&error.to_string()),
            };
            apply_filter(&filter()?).map_err(|error| format!("seccomp: {error}"))?;
            Ok(files)
        }

        fn files(&self) -> Result<RulesetStatus, landlock::RulesetError> {
            let abi = ABI::V6;
            let nothing = ["/dev/null"];
            let written = AccessFs::from_all(abi) & !AccessFs::Execute;
            let status = Ruleset::default()
                .set_compatibility(CompatLevel::BestEffort)
                .handle_access(AccessFs::from_all(abi))?
                .handle_access(AccessNet::from_all(abi))?
                .scope(Scope::from_all(abi))?
                .create()?
                .add_rules(path_beneath_rules(&self.programs, AccessFs::from_read(abi)))?
                .add_rules(path_beneath_rules([&self.room], written))?
                .add_rules(path_beneath_rules(nothing, AccessFs::ReadFile | AccessFs::WriteFile))?
                .restrict_self()?;
            Ok(status.ruleset)
        }
    }

    /// Said once: nothing else keeps the process from reading what Mainstay may read.
    fn open(why: &str) -> bool {
        static SAID: Once = Once::new();
        SAID.call_once(|| tracing::warn!(why, "helm is kept from the network, not from files"));
        false
    }

    fn filter() -> Result<BpfProgram, String> {
        let said = |error: seccompiler::BackendError| format!("seccomp: {error}");
        let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(said)?;
        let calls = INTERFACES.iter().flat_map(|interface| REFUSED.iter().map(move |call| call | interface));
        let rules: BTreeMap<i64, Vec<_>> = calls.map(|call| (call, Vec::new())).collect();
        let refused = SeccompAction::Errno(libc::EACCES.unsigned_abs());
        let filter = SeccompFilter::new(rules, SeccompAction::Allow, refused, arch).map_err(said)?;
        BpfProgram::try_from(filter).map_err(said)
    }
}

#[cfg(not(target_os = "linux"))]
impl Sandbox {
    pub(crate) fn enter(&self) -> Result<bool, String> {
        let Self { programs: _, room: _ } = self;
        Err("only Linux can".to_owned())
    }
}
