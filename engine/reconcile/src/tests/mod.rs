mod double;
mod expressions;
mod faults;
mod guards;
mod order;
mod random;
mod recover;
mod rules;
