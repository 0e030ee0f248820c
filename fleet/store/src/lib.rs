//! What must survive a restart besides the Units themselves.
