mod bounds;
mod cases;
mod language;
mod library;
mod random;
