mod double;
mod faults;
mod guards;
mod order;
mod random;
