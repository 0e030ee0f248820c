mod charts;
mod corpus;
mod features;
mod hostile;
mod remote;
mod substitution;
mod warnings;
mod web;
