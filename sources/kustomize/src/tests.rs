mod charts;
mod corpus;
mod features;
mod hostile;
mod substitution;
mod warnings;
