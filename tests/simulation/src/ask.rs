//! An API server that is asked directly, whatever it is.

use mainstay_apiserver::core::Method;
use serde_json::Value;

pub trait Ask {
    /// Asks as an administrator, at once: the status and what was answered. A patch is a merge patch.
    fn ask(&mut self, method: Method, path: &str, body: Option<&Value>) -> (u16, Value);
}
