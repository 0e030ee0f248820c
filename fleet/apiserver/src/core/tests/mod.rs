mod discovery;
mod errors;
mod fuzz;
mod life;
mod minor;
mod past;
mod rules;
mod support;
