mod discovery;
mod errors;
mod fuzz;
mod life;
mod support;
