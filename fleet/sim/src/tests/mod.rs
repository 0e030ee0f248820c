mod kinds;
mod running;
