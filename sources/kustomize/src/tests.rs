mod corpus;
mod features;
mod hostile;
mod substitution;
