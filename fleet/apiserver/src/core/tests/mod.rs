mod discovery;
mod errors;
mod fuzz;
mod life;
mod past;
mod rules;
mod support;
