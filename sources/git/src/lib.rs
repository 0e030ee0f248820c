//! Platform repositories: a bare mirror, revisions, trees read by object id.
