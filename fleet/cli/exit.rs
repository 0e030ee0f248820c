//! How a command ends, and whose fault a failure is.

use mainstay_diagnostic::Fault;
use std::fmt;
use std::process::ExitCode;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, or in sync.
    Done,
    User,
    /// There are changes to make.
    Changes,
    Environment,
    Internal,
}

impl Exit {
    /// Where a cluster was asked, what is not known is not in sync.
    pub fn of_plan(plan: &mainstay_plan::Plan, offline: bool) -> Self {
        match plan.has_changes() {
            true => Self::Changes,
            false if plan.unknown() > 0 && !offline => Self::Environment,
            false => Self::Done,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::User => 1,
            Exit::Changes => 2,
            Exit::Environment => 3,
            Exit::Internal => 4,
        })
    }
}

#[derive(Debug)]
pub(crate) struct Failure {
    fault: Fault,
    message: String,
    hint: Option<String>,
}

impl Failure {
    pub fn user(message: impl Into<String>) -> Self {
        Self { fault: Fault::User, message: message.into(), hint: None }
    }

    pub fn environment(message: impl Into<String>) -> Self {
        Self { fault: Fault::Environment, message: message.into(), hint: None }
    }

    /// On one line, for a log.
    pub fn as_line(&self) -> String {
        match &self.hint {
            Some(hint) => format!("{} ({hint})", self.message),
            None => self.message.clone(),
        }
    }

    pub fn internal(message: impl Into<String>) -> Self {
        Self { fault: Fault::Internal, message: message.into(), hint: None }
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub fn exit(&self) -> Exit {
        match self.fault {
            Fault::User => Exit::User,
            Fault::Environment => Exit::Environment,
            Fault::Internal => Exit::Internal,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

impl From<mainstay_git::GitError> for Failure {
    fn from(error: mainstay_git::GitError) -> Self {
        Self { fault: error.fault(), message: error.to_string(), hint: Some(error.hint().to_owned()) }
    }
}

impl From<mainstay_cluster::ClusterError> for Failure {
    fn from(error: mainstay_cluster::ClusterError) -> Self {
        Self::environment(error.to_string())
    }
}
