mod corpora;
mod emit;
