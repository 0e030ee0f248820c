mod discovery;
mod errors;
mod fuzz;
mod life;
mod rules;
mod support;
